import { readdir, readFile } from 'node:fs/promises';
import { setting } from './settings.ts';

/** Kill the process that serves the pages, as a crash would; its supervisor starts another. */
export async function crashTheServer(): Promise<void> {
  const group = setting('E2E_PROCESS_GROUP');
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf-8').catch(() => '');
    // "pid (name) state parent group …"; the name may hold anything, so it is cut off from the right.
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (name === 'lianzhen-web' && fields[2] === group) {
      process.kill(Number(entry), 'SIGKILL');
      return;
    }
  }
  throw new Error('there is no web role to crash');
}
