import { type Api, paperUrl } from './api';
import { caseFrame, caseHead, type Steps } from './caseview';
import { h, replace } from './dom';
import { dateTime } from './format';
import type { Translator } from './i18n/translator';
import { machineBox } from './machine';
import { measurements } from './measurements';
import type { Ecg, EcgDetail, PaperOptions } from './model';
import { button, keyValues, missing, notice, patientId, segmented } from './parts';
import { Picture } from './picture';
import type { Place } from './place';
import { asProblem } from './problem';
import { ecgMark } from './tier';

/** One opened ECG: the paper comes at once, the analysis when it is read, and again when it changes. */
export class EcgView {
  readonly element: HTMLElement;
  private readonly picture: Picture;
  private readonly side: HTMLElement;
  private readonly mark = h('span', { class: 'row' });
  private readonly ecg: Ecg;
  private readonly place: Place;
  private readonly api: Api;
  private readonly tr: Translator;
  private reading = 0;

  constructor(ecg: Ecg, place: Place, api: Api, tr: Translator, steps: Steps) {
    this.ecg = ecg;
    this.place = place;
    this.api = api;
    this.tr = tr;
    this.picture = new Picture(api, tr, 'stage');
    this.side = h('aside', { class: 'side', 'aria-label': tr.t('machine.label') });
    replace(this.mark, ecgMark(ecg, tr));
    const acquired = ecg.acquired_at === null ? tr.t('ecg.noAcquired') : dateTime(ecg.acquired_at);
    const time = h('span', { class: 'sub num nw' }, `${tr.t('col.acquired')} `, h('b', {}, acquired));
    const parts = { mark: this.mark, patient: ecg.patient, institution: ecg.institution, extra: [time] };
    this.element = caseFrame(caseHead(parts, steps, tr), this.tools(), this.picture.element, this.side);
    this.drawPaper();
    replace(
      this.side,
      machineBox(ecg, null, null, tr),
      this.facts(ecg),
      h('section', { class: 'muted' }, tr.t('ecg.loadingDetail')),
    );
    void this.read();
  }

  /** Read the analysis (again); an answer that is no longer the newest is dropped. */
  async read(): Promise<void> {
    this.reading += 1;
    const mine = this.reading;
    try {
      const detail = await this.api.ecg(this.ecg.id);
      if (mine === this.reading) this.drawDetail(detail);
    } catch (error) {
      if (mine !== this.reading) return;
      const retry = button(this.tr.t('action.retry'), () => void this.read(), 'p');
      const why = this.tr.problem(asProblem(error));
      const failed = notice('tri', this.tr.t('ecg.detailFailed'), [why], retry);
      replace(this.side, machineBox(this.ecg, null, null, this.tr), this.facts(this.ecg), failed);
    }
  }

  private drawDetail(detail: EcgDetail): void {
    const { tr } = this;
    replace(this.mark, ecgMark(detail, tr));
    const rest = detail.screening === null ? [] : measurements(detail.screening, tr);
    replace(this.side, machineBox(detail, detail.screening, detail.failure, tr), ...rest, this.facts(detail));
  }

  private facts(ecg: Ecg): HTMLElement {
    const { tr } = this;
    return h(
      'section',
      {},
      keyValues(
        [tr.t('patient.id'), patientId(ecg.patient, tr)],
        [tr.t('patient.birth'), ecg.patient.birth_date ?? missing(tr.t('study.noDate'))],
        [tr.t('col.institution'), tr.institution(ecg.institution)],
        [
          tr.t('ecg.acquired'),
          ecg.acquired_at === null ? missing(tr.t('ecg.noAcquired')) : dateTime(ecg.acquired_at),
        ],
        [tr.t('ecg.received'), dateTime(ecg.received_at)],
      ),
    );
  }

  private tools(): HTMLElement {
    const { tr, place } = this;
    const set = (change: Partial<PaperOptions>): void => {
      place.paper = { ...place.paper, ...change };
      this.drawPaper();
    };
    const layouts = (['3x4', '6x2', '12x1'] as const).map((value) => ({
      value,
      word: value.replace('x', '×'),
    }));
    const speeds = ([25, 50] as const).map((value) => ({ value, word: `${value} mm/s` }));
    const gains = ([5, 10, 20] as const).map((value) => ({ value, word: `${value} mm/mV` }));
    const sizes = [
      { value: 'fit', word: tr.t('ecg.fit') },
      { value: 'actual', word: tr.t('ecg.actual') },
    ];
    const size = (value: string): void => {
      place.fitPaper = value === 'fit';
      this.drawFit();
    };
    return h(
      'div',
      { class: 'tools' },
      segmented(tr.t('ecg.speed'), speeds, place.paper.speed, (speed) => set({ speed })),
      segmented(tr.t('ecg.gain'), gains, place.paper.gain, (gain) => set({ gain })),
      segmented(tr.t('ecg.layout'), layouts, place.paper.layout, (layout) => set({ layout })),
      segmented(tr.t('ecg.zoom'), sizes, place.fitPaper ? 'fit' : 'actual', size),
      h('span', { class: 'end muted t12 ell wide-only' }, tr.t('ecg.scaleNote')),
    );
  }

  private drawPaper(): void {
    const name = this.ecg.patient.name === '' ? this.tr.t('patient.noName') : this.ecg.patient.name;
    this.drawFit();
    this.picture.show(paperUrl(this.ecg.id, this.place.paper), this.tr.t('ecg.alt', { name }));
  }

  private drawFit(): void {
    this.picture.element.classList.toggle('actual', !this.place.fitPaper);
  }
}
