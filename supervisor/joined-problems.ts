/** What is wrong, in one sentence that says each thing once: a value may break two rules that are explained alike, and so may many values. */
export const joinedProblems = (issues: readonly { message: string }[]): string =>
  [...new Set(issues.map(({ message }) => message))].join('; ');
