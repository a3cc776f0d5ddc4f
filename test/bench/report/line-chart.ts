export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [640, 360, 70, 50, 40, 110];
const COLOURS = ['#0b7285', '#e8590c', '#862e9c', '#2b8a3e', '#1864ab', '#a61e4d'];
const STEPS = 4;

/** A picture of lines from zero, as SVG. */
export const lineChart = ({ title, x, y }: { title: string; x: string; y: string }, series: readonly Series[]): string => {
  const points = series.flatMap((one) => one.points);
  const [mostX, mostY] = [Math.max(1, ...points.map(([value]) => value)), Math.max(1, ...points.map(([, value]) => value))];
  const across = (value: number): number => Math.round(LEFT + (value / mostX) * (WIDTH - LEFT - RIGHT));
  const up = (value: number): number => Math.round(HEIGHT - BOTTOM - (value / mostY) * (HEIGHT - BOTTOM - TOP));
  const text = (left: number, top: number, words: string, more = ''): string => `<text x="${left}" y="${top}" ${more}>${words}</text>`;
  const grid = Array.from({ length: STEPS + 1 }, (_, step) => {
    const [valueX, valueY] = [(mostX * step) / STEPS, (mostY * step) / STEPS];
    return [
      `<path d="M${LEFT} ${up(valueY)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 8, up(valueY) + 4, String(Math.round(valueY)), 'text-anchor="end"'),
      text(across(valueX), HEIGHT - BOTTOM + 18, String(Math.round(valueX)), 'text-anchor="middle"'),
    ].join('');
  });
  const lines = series.map(({ name, points: own }, n) => {
    const colour = COLOURS[n % COLOURS.length] ?? '#000';
    const path = own.map(([valueX, valueY], at) => `${at === 0 ? 'M' : 'L'}${across(valueX)} ${up(valueY)}`).join('');
    const dots = own.map(([valueX, valueY]) => `<circle cx="${across(valueX)}" cy="${up(valueY)}" r="3" fill="${colour}"/>`);
    const label = text(WIDTH - RIGHT + 12, TOP + 12 + n * 18, name, `fill="${colour}"`);
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${label}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 22, title, 'font-size="15"'),
    ...grid,
    text(WIDTH - RIGHT, HEIGHT - 12, x, 'text-anchor="end"'),
    text(8, TOP - 8, y),
    ...lines,
    '</svg>\n',
  ].join('\n');
};
