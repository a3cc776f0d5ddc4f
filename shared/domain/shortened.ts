/** Characters of a name, an address, a title; of what is quoted. */
const SHORT = 1_000;

/** Its first `most` characters; one that takes two units is not cut in half. */
export const shortened = (text: string, most = SHORT): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
