// The township's device: DCMTK's storescu, as any modality would send.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setting } from './settings.ts';

const run = promisify(execFile);

export type Case = 'ct' | 'ecg' | 'alarm' | 'damaged' | 'documents' | 'markup' | 'plain';

/** Send a case; returns once the node has answered success for every object. */
export async function send(name: Case): Promise<void> {
  const folder = join(setting('E2E_CASES'), name);
  const files = (await readdir(folder)).map((file) => join(folder, file));
  await run(setting('E2E_STORESCU'), [
    ...['-aet', 'TOWNSHIP1', '-aec', 'LIANZHEN', '--required', '--propose-j2k-lossless'],
    ...['127.0.0.1', setting('E2E_DICOM_PORT'), ...files],
  ]);
}

/** Return the text of a PDF, as poppler reads it. */
export async function textOfPdf(file: string): Promise<string> {
  const { stdout } = await run(setting('E2E_PDFTOTEXT'), ['-layout', file, '-']);
  return stdout;
}
