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
const ESCAPE = '\u001b';
const MEDIA_DIRECTORY = '1.2.840.10008.1.3.10';

/** The file's head; null where it is not a DICOM object (or a disc's table of contents, which nobody reads). */
export async function readHead(file: Blob): Promise<Head | null> {
  const bytes = new Uint8Array(await file.slice(0, FIRST_BYTES).arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(MAGIC_AT, MAGIC_AT + 4)) !== 'DICM') return null;
  const { parseDicom } = await import('dicom-parser');
  const unknown: Head = {
    studyUid: '',
    patientName: '',
    patientSex: '',
    patientAge: '',
    modality: '',
    description: '',
  };
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
