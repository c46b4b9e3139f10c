import type { Translator } from './i18n/translator';
import type { RecordList } from './list';
import { ListView } from './listview';
import type { Ecg, Study } from './model';
import type { Place } from './place';
import { ECG_COLUMNS, ecgCells, ecgRowClass, STUDY_COLUMNS, studyCells } from './rows';

type Open = (id: string) => void;

export function studyList(
  list: RecordList<Study>,
  tr: Translator,
  place: Place,
  onCursor: () => void,
  onOpen: Open,
): ListView<Study> {
  return new ListView(
    {
      tr,
      list,
      label: tr.t('nav.studies'),
      columns: STUDY_COLUMNS,
      cells: (study, isNew) => studyCells(study, isNew, tr),
      rowClass: () => '',
      summary: () => '',
      empty: {
        title: tr.t('list.emptyStudies'),
        lines: [tr.t('list.emptyStudiesWhat'), tr.t('list.emptyCheck')],
      },
      onCursor: (id) => {
        place.cursor.studies = id;
        onCursor();
      },
      onOpen,
    },
    place.cursor.studies,
  );
}

export function ecgList(
  list: RecordList<Ecg>,
  tr: Translator,
  place: Place,
  onCursor: () => void,
  onOpen: Open,
): ListView<Ecg> {
  return new ListView(
    {
      tr,
      list,
      label: tr.t('nav.ecgs'),
      columns: ECG_COLUMNS,
      cells: (ecg, isNew) => ecgCells(ecg, isNew, tr),
      rowClass: ecgRowClass,
      summary: (items) => tierCounts(items, tr),
      empty: { title: tr.t('list.emptyEcgs'), lines: [tr.t('list.emptyEcgsWhat'), tr.t('list.emptyCheck')] },
      onCursor: (id) => {
        place.cursor.ecgs = id;
        onCursor();
      },
      onOpen,
    },
    place.cursor.ecgs,
  );
}

function tierCounts(items: readonly Ecg[], tr: Translator): string {
  const count = (severity: Ecg['severity']): number =>
    items.filter((ecg) => ecg.status === 'screened' && ecg.severity === severity).length;
  return tr.t('list.counts', {
    red: count('red'),
    orange: count('orange'),
    unread: count('uninterpretable'),
  });
}
