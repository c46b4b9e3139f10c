import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Return what pytest said; a run without it is a mistake, not a skip. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start these tests with pytest (make e2e)`);
  return value;
}

export type Login = 'reader' | 'reviewer' | 'township1' | 'township2' | 'county' | 'admin';

/** Return the password that the demonstration made for one of its people. */
export function passwordOf(login: Login): string {
  const logins: Record<string, string> = JSON.parse(
    readFileSync(join(setting('E2E_DATA_DIR'), 'demo-logins.json'), 'utf-8'),
  );
  const password = logins[login];
  if (password === undefined) throw new Error(`the demonstration has no ${login}`);
  return password;
}
