import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { isZip, unpack } from './unpack';

const archive = (files: Record<string, Uint8Array>): File =>
  new File([zipSync(files).slice()], 'all.zip', { type: 'application/zip' });

describe('an archive', () => {
  test('gives its files with their bytes, without folders and leftovers of other systems', async () => {
    const files = await unpack(
      archive({ 'a/1.dcm': strToU8('one'), '__MACOSX/a/1.dcm': strToU8('x'), '.DS_Store': strToU8('x') }),
    );
    expect(files.map(({ name }) => name)).toEqual(['a/1.dcm']);
    expect(await files[0]?.text()).toBe('one');
  });

  test('of a WFDB record stays one file', async () => {
    const record = archive({ 'r1.hea': strToU8('r1 1 500 1000'), 'r1.dat': strToU8('xx') });
    expect(await unpack(record)).toEqual([record]);
  });

  test('that is cut or empty is refused in words', async () => {
    await expect(unpack(archive({}))).rejects.toMatchObject({ code: 'zip' });
    await expect(unpack(new File(['PK nothing'], 'x.zip'))).rejects.toMatchObject({ code: 'zip' });
  });

  test('is known by its name or its type', () => {
    expect(isZip(new File([], 'A.ZIP'))).toBe(true);
    expect(isZip(new File([], 'a', { type: 'application/zip' }))).toBe(true);
    expect(isZip(new File([], 'a.dcm'))).toBe(false);
  });
});
