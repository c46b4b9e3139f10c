import { type Api, renderedUrl, type Window } from './api';
import { caseFrame, caseHead, type Steps } from './caseview';
import { h, replace } from './dom';
import { dateTime } from './format';
import type { Translator } from './i18n/translator';
import type { Key } from './i18n/zh';
import type { Study } from './model';
import { type Choice, keyValues, missing, notice, patientId, patientName, segmented } from './parts';
import { Picture } from './picture';

// Customary CT windows in HU, centre and width; other modalities keep what the image itself names.
const CT_WINDOWS: readonly { id: string; key: Key; window: Window | null }[] = [
  { id: 'default', key: 'study.windowDefault', window: null },
  { id: 'brain', key: 'study.windowBrain', window: { center: 40, width: 80 } },
  { id: 'soft', key: 'study.windowSoft', window: { center: 40, width: 400 } },
  { id: 'lung', key: 'study.windowLung', window: { center: -600, width: 1500 } },
  { id: 'bone', key: 'study.windowBone', window: { center: 300, width: 1500 } },
];

const STAGE = { w: 1280, h: 1280 };

/** One opened study. While its images still arrive, its counts follow; the picture is loaded again only when it is another. */
export class StudyView {
  readonly element: HTMLElement;
  private readonly picture: Picture;
  private readonly tools = h('div', { class: 'tools' });
  private readonly side: HTMLElement;
  private readonly tr: Translator;
  private study: Study;
  private window: Window | null = null;

  constructor(study: Study, api: Api, tr: Translator, steps: Steps) {
    this.study = study;
    this.tr = tr;
    this.picture = new Picture(api, tr, 'stage');
    this.side = h('aside', { class: 'side', 'aria-label': tr.t('study.details') });
    const { patient, institution } = study;
    const head = caseHead({ mark: modalityTag(study), patient, institution, extra: [] }, steps, tr);
    this.element = caseFrame(head, this.tools, this.picture.element, this.side);
    this.show();
    this.describe();
  }

  update(study: Study): void {
    if (study === this.study) return;
    const before = this.study.preview?.sop_instance_uid;
    this.study = study;
    this.describe();
    if (study.preview?.sop_instance_uid !== before) this.show();
  }

  private show(): void {
    showPreview(this.picture, this.study, STAGE, this.window, this.tr);
  }

  private describe(): void {
    const { study, tr } = this;
    replace(this.side, studyFacts(study, tr));
    const windowed = study.preview !== null && study.modalities.includes('CT');
    const preview = study.preview === null ? null : previewTag(study, tr);
    replace(this.tools, ...(windowed ? this.windows() : []), h('span', { class: 'end' }), preview);
  }

  private windows(): HTMLElement[] {
    const label = this.tr.t('study.window');
    const choices: Choice<string>[] = CT_WINDOWS.map(({ id, key }) => ({ value: id, word: this.tr.t(key) }));
    const current = CT_WINDOWS.find(({ window }) => window === this.window)?.id ?? 'default';
    const pick = (id: string): void => {
      this.window = CT_WINDOWS.find((choice) => choice.id === id)?.window ?? null;
      this.show();
    };
    return [h('span', { class: 'muted t12' }, label), segmented(label, choices, current, pick)];
  }
}

export function showPreview(
  picture: Picture,
  study: Study,
  size: { w: number; h: number },
  window: Window | null,
  tr: Translator,
): void {
  const url = renderedUrl(study, size, window);
  const modality = study.modalities.join(' / ');
  const name = study.patient.name === '' ? tr.t('patient.noName') : study.patient.name;
  if (url === null) picture.say(notice('img', tr.t('study.noPreview'), [tr.t('study.noPreviewWhat')]));
  else picture.show(url, tr.t('study.alt', { name, modality }));
}

/** One image of many is no study to read: said beside every preview. */
export function previewTag(study: Study, tr: Translator): HTMLElement {
  const text = tr.t('study.onePreview', { images: study.instance_count });
  return h('span', { class: 'tag o preview-tag' }, text);
}

function modalityTag(study: Study): HTMLElement | null {
  return study.modalities.length === 0 ? null : h('span', { class: 'tag mod' }, study.modalities.join(' / '));
}

/** What the study says of itself, and that no machine looked at it. */
export function studyFacts(study: Study, tr: Translator): HTMLElement {
  const counts = { series: study.series_count, images: study.instance_count };
  return h(
    'div',
    {},
    h(
      'section',
      {},
      h('h2', { class: 't16' }, study.description ?? tr.t('study.noDescription')),
      keyValues(
        [tr.t('col.patient'), patientName(study.patient, tr)],
        [tr.t('patient.id'), patientId(study.patient, tr)],
        [tr.t('patient.birth'), study.patient.birth_date ?? missing(tr.t('study.noDate'))],
        [tr.t('col.institution'), tr.institution(study.institution)],
        [tr.t('study.date'), study.study_date ?? missing(tr.t('study.noDate'))],
        [tr.t('ecg.received'), dateTime(study.received_at)],
        [tr.t('col.images'), tr.t('study.seriesImages', counts)],
      ),
    ),
    h(
      'section',
      {},
      h('b', { class: 'sub' }, tr.t('study.noMachine')),
      h('p', { class: 'muted t12' }, tr.t('study.noMachineWhat')),
    ),
  );
}
