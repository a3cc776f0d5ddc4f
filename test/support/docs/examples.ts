// What a page of documentation shows: commands to paste, and the answers after them.

/** Commands of one block, and the whole answers that are shown before the next. */
export interface Story {
  /** One command a line, as a reader pastes them. */
  commands: string[];
  answers: Record<string, unknown>[];
  /** Other JSON objects that follow. */
  objects: Record<string, unknown>[];
  /** What follows and is no JSON. */
  texts: string[];
}

export const storiesOf = (page: string): Story[] => {
  const stories: Story[] = [];
  for (const [, language, block = ''] of page.matchAll(/^```(\w+)\n(.*?)^```/gms)) {
    if (language === 'sh') {
      const commands = block.split('\n').filter((line) => line !== '');
      stories.push({ commands, answers: [], objects: [], texts: [] });
    }
    const story = stories.at(-1);
    if (language === 'text') story?.texts.push(block);
    // What does not begin like an object is a piece of one.
    if (language !== 'json' || !block.startsWith('{')) continue;
    const content = JSON.parse(block) as Record<string, unknown>;
    story?.['success' in content ? 'answers' : 'objects'].push(content);
  }
  return stories;
};
