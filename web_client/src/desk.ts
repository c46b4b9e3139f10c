import type { Api } from './api';
import { Coalesce } from './coalesce';
import { RecordList } from './list';
import { Live, type LiveState, openSocket } from './live';
import type { Ecg, LiveEvent, Study } from './model';

const GATHER_MS = 400;

/** What is on the signed-in person's desk: both lists and the live connection. It knows no element of the page. */
export class Desk {
  readonly studies: RecordList<Study>;
  readonly ecgs: RecordList<Ecg>;
  live: LiveState = { kind: 'connecting' };
  onLive: () => void = () => {};
  onEcgEvent: (id: string) => void = () => {};
  private readonly feed: Live;
  private readonly api: Api;
  private readonly studyIds: Coalesce;
  private readonly ecgIds: Coalesce;

  constructor(api: Api, onSessionEnded: () => void) {
    this.api = api;
    this.studies = new RecordList((before) => api.studies(before));
    this.ecgs = new RecordList((before) => api.ecgs(before));
    this.studyIds = new Coalesce(GATHER_MS, (ids) => this.studies.refresh(ids));
    this.ecgIds = new Coalesce(GATHER_MS, (ids) => this.ecgs.refresh(ids));
    this.feed = new Live({
      open: openSocket,
      onEvent: (event) => this.receive(event),
      onOpen: () => this.reload(),
      onState: (state) => this.moved(state),
      onSessionEnded,
    });
  }

  start(): void {
    // The lists do not wait for the socket: a proxy that blocks it must not hide them.
    this.reload();
    this.feed.start();
    addEventListener('online', this.retryNow);
  }

  stop(): void {
    removeEventListener('online', this.retryNow);
    this.feed.stop();
    this.studyIds.stop();
    this.ecgIds.stop();
  }

  reload(): void {
    void this.studies.reload();
    void this.ecgs.reload();
  }

  readonly retryNow = (): void => this.feed.retryNow();

  private receive(event: LiveEvent): void {
    const { study_id: studyId, ecg_id: ecgId } = event.payload;
    switch (event.topic) {
      case 'study.arrived':
      case 'study.updated':
        if (studyId !== undefined) this.studyIds.add(studyId);
        break;
      case 'ecg.arrived':
      case 'ecg.screened':
        if (ecgId !== undefined) {
          this.ecgIds.add(ecgId);
          this.onEcgEvent(ecgId);
        }
        break;
    }
  }

  private moved(state: LiveState): void {
    this.live = state;
    this.onLive();
    // A refused handshake looks like a lost network: asking once tells an ended session from an absent server.
    if (state.kind === 'waiting') void this.api.session().catch(() => {});
  }
}
