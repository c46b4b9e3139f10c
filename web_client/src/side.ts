import { type Api, paperUrl } from './api';
import { h, replace } from './dom';
import { dateTime } from './format';
import type { Translator } from './i18n/translator';
import { machineBox } from './machine';
import type { Ecg, Study } from './model';
import { button, keyValues, patientLine } from './parts';
import { Picture } from './picture';
import { previewTag, showPreview, studyFacts } from './study';
import { ecgMark } from './tier';

/** A step through the list does not load every picture it passes. */
const SETTLE_MS = 200;
const THUMBNAIL = { w: 376, h: 376 };
/** Below this width the panel is dropped whole (list.css), and its pictures are not asked for. */
export const SIDE_FROM = '(min-width: 1500px)';

/** The case under the cursor, beside the list. */
export class SidePanel {
  readonly element: HTMLElement;
  private shown = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly api: Api;
  private readonly tr: Translator;
  private readonly open: () => void;

  constructor(api: Api, tr: Translator, open: () => void) {
    this.api = api;
    this.tr = tr;
    this.open = open;
    this.element = h('aside', { class: 'side preview', 'aria-label': tr.t('study.details') });
  }

  study(study: Study): void {
    this.settle(JSON.stringify(study), () => {
      const picture = new Picture(this.api, this.tr, 'thumb');
      showPreview(picture, study, THUMBNAIL, null, this.tr);
      const caption = study.preview === null ? null : previewTag(study, this.tr);
      replace(this.element, picture.element, caption, studyFacts(study, this.tr), this.opener());
    });
  }

  ecg(ecg: Ecg): void {
    const { tr } = this;
    this.settle(JSON.stringify(ecg), () => {
      const picture = new Picture(this.api, tr, 'thumb paper');
      picture.show(
        paperUrl(ecg.id, { layout: '3x4', speed: 25, gain: 10 }),
        tr.t('ecg.alt', { name: ecg.patient.name }),
      );
      const head = h(
        'section',
        {},
        h('div', { class: 'row head' }, ecgMark(ecg, tr), patientLine(ecg.patient, tr)),
        keyValues(
          [tr.t('col.institution'), tr.institution(ecg.institution)],
          [
            tr.t('ecg.acquired'),
            ecg.acquired_at === null ? tr.t('ecg.noAcquired') : dateTime(ecg.acquired_at),
          ],
          [tr.t('ecg.received'), dateTime(ecg.received_at)],
        ),
      );
      replace(this.element, head, machineBox(ecg, null, null, tr), picture.element, this.opener());
    });
  }

  clear(): void {
    clearTimeout(this.timer);
    this.shown = '';
    replace(this.element);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private settle(what: string, draw: () => void): void {
    if (!matchMedia(SIDE_FROM).matches || what === this.shown) return;
    clearTimeout(this.timer);
    this.shown = what;
    // Nothing of the case before may stand beside this row while it waits.
    replace(this.element);
    this.timer = setTimeout(draw, SETTLE_MS);
  }

  private opener(): HTMLElement {
    return h('div', { class: 'opener' }, button(this.tr.t('action.open'), this.open, 'p', 'Enter'));
  }
}
