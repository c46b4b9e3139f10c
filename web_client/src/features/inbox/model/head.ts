/** What groups a file and names it on screen, read from its first kilobytes. */
export interface Head {
  readonly studyUid: string;
  readonly patientName: string;
  readonly patientSex: string;
  readonly patientAge: string;
  readonly modality: string;
  readonly description: string;
}

const FIRST_BYTES = 256 * 1024;
const MAGIC_AT = 128;
const SERIES_UID = 'x0020000e';
/** Past it no ECG file is expected from a device; a day's Holter has about half of it. */
const MOST_ECG_BYTES = 64 * 1024 * 1024;
/** What stands on discs and sticks beside examinations: programs, pictures, pages. */
const NO_ECG = ['MZ', '\u007fELF', '%PDF', '\u0089PNG', 'ÿØÿ', 'GIF8', '[autorun', '<!doctype html', '<html'];
const ESCAPE = '\u001b';
const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

/**
 * The file's head; null where it is no examination (or a disc's table of contents, which nobody reads). What may be
 * an ECG in a format of its maker is left to the server to judge.
 */
export async function readHead(file: Blob): Promise<Head | null> {
  const bytes = new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer());
  const unknown: Head = {
    studyUid: '',
    patientName: '',
    patientSex: '',
    patientAge: '',
    modality: '',
    description: '',
  };
  if (String.fromCharCode(...bytes.subarray(MAGIC_AT, MAGIC_AT + 4)) !== 'DICM')
    return mayBeEcg(bytes, file.size) ? { ...unknown, modality: 'ECG' } : null;
  const { parseDicom } = await import('dicom-parser');
  try {
    const data = parseDicom(bytes, { untilTag: SERIES_UID });
    if (data.string('x00020002') === MEDIA_DIRECTORY) return null;
    const charset = data.string('x00080005') ?? '';
    const text = (tag: string): string => {
      const element = data.elements[tag];
      if (element === undefined) return '';
      return decode(bytes.subarray(element.dataOffset, element.dataOffset + element.length), charset);
    };
    return {
      studyUid: data.string('x0020000d') ?? '',
      // The alphabetic, ideographic and phonetic forms are parted by =, the name's parts by ^.
      patientName: shownName(text('x00100010')),
      patientSex: data.string('x00100040') ?? '',
      patientAge: data.string('x00101010') ?? '',
      modality: data.string('x00080060') ?? '',
      description: text('x00081030') || text('x0008103e'),
    };
  } catch {
    // Damaged or compressed as a whole: the server says what is wrong with it.
    return unknown;
  }
}

function mayBeEcg(bytes: Uint8Array, size: number): boolean {
  const begin = String.fromCharCode(...bytes.subarray(0, 16)).toLowerCase();
  return size > 0 && size <= MOST_ECG_BYTES && !NO_ECG.some((magic) => begin.startsWith(magic.toLowerCase()));
}

function shownName(value: string): string {
  const [alphabetic = '', ideographic = ''] = value.split('=');
  return (ideographic || alphabetic).replaceAll('^', ' ').trim();
}

/** Chinese devices write GB18030, often without saying so: what is not UTF-8 is read as that. */
function decode(bytes: Uint8Array, charset: string): string {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const clean = (text: string): string => text.replace(/\0+$/, '').trim();
  if (!/GB|58/.test(charset)) {
    try {
      return clean(utf8.decode(bytes));
    } catch {
      // Not UTF-8 after all.
    }
  }
  // ISO 2022 IR 58 is GB 2312 behind an escape sequence, which GB18030 reads once that is gone.
  const [plain = '', ...escaped] = new TextDecoder('gb18030').decode(bytes).split(ESCAPE);
  return clean([plain, ...escaped.map((part) => part.replace(/^\$?[()]?[A-Z]/, ''))].join(''));
}
