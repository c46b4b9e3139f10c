import type { Dictionary } from './zh';

export const en: Dictionary = {
  'link.label': 'Export',
  'link.title':
    'Export the whole study as a ZIP with DICOMDIR, for a disc or the patient; this goes on record',
};
