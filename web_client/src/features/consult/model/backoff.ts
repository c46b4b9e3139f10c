const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 4_000;

/** How long to wait before the given retry (0 is the first): a cut of seconds must not cost a minute. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  // Half fixed, half random: a restarted server is not met by every browser in the same moment.
  return Math.round(longest / 2 + (random() * longest) / 2);
}
