// Cornerstone3D takes three things from dcmjs: its logger, the DICOM dictionary and a Part 10 reader. The viewer
// reads the server's DICOM JSON, which needs no reader and few words of the dictionary: 195 KB less to fetch.
import log from 'loglevel';

// Each word that is missing from the dictionary would be a warning.
log.setDefaultLevel('error');

/** The keywords that @cornerstonejs/metadata compiles rules from when it is loaded (PS3.6). */
const KEYWORDS: Readonly<Record<string, string>> = {
  TransferSyntaxUID: '(0002,0010)',
  SOPClassUID: '(0008,0016)',
  SOPInstanceUID: '(0008,0018)',
  Modality: '(0008,0060)',
  Manufacturer: '(0008,0070)',
  ManufacturerModelName: '(0008,1090)',
  AvailableTransferSyntaxUID: '(0008,3002)',
  DiffusionBValue: '(0018,9087)',
  SeriesInstanceUID: '(0020,000E)',
  InstanceNumber: '(0020,0013)',
  SliceLocation: '(0020,1041)',
  NumberOfFrames: '(0028,0008)',
  Rows: '(0028,0010)',
};
const nameMap = Object.fromEntries(Object.entries(KEYWORDS).map(([name, tag]) => [name, { name, tag }]));

class DicomMetadataListener {}

export const constants = {
  IMPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2',
  EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1',
  DEFLATED_EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1.99',
  EXPLICIT_BIG_ENDIAN: '1.2.840.10008.1.2.2',
};
export { log };
export default {
  async: { AsyncDicomReader: undefined },
  data: { DicomMetaDictionary: { dictionary: {}, nameMap } },
  utilities: { DicomMetadataListener },
};
