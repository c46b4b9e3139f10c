import type { Api } from './api';
import type { Desk } from './desk';
import { replace } from './dom';
import { EcgView } from './ecg';
import { clock } from './format';
import { helpSheet } from './help';
import type { Translator } from './i18n/translator';
import { perform } from './keys';
import { ecgList, studyList } from './lists';
import type { ListView } from './listview';
import type { Ecg, Session, Study } from './model';
import { button, notice } from './parts';
import { applyHash, type Place, type Tab, toHash } from './place';
import type { Prefs } from './prefs';
import { asProblem } from './problem';
import { Shell, type ShellActions } from './shell';
import { SidePanel } from './side';
import { StudyView } from './study';

export interface WorkspaceOptions {
  readonly api: Api;
  readonly tr: Translator;
  readonly prefs: Prefs;
  readonly session: Session;
  readonly desk: Desk;
  readonly place: Place;
  readonly actions: Pick<ShellActions, 'onLang' | 'onTheme' | 'onSignOut'>;
}

/** The signed-in page: one list or one opened record inside the shell, moved by keys, clicks and the address. */
export class Workspace {
  readonly element: HTMLElement;
  private readonly shell: Shell;
  private readonly side: SidePanel;
  private readonly lists: { studies: ListView<Study>; ecgs: ListView<Ecg> };
  private openedEcg: EcgView | null = null;
  private openedStudy: StudyView | null = null;
  private readonly options: WorkspaceOptions;
  private sheet: HTMLDialogElement | null = null;
  private opening = 0;

  constructor(options: WorkspaceOptions) {
    this.options = options;
    const { api, tr, desk, place, prefs, session, actions } = options;
    this.shell = new Shell(session, prefs, tr, {
      ...actions,
      onTab: (tab) => this.go(tab, null),
      onHelp: () => this.help(),
      onRetry: () => this.reload(),
    });
    this.element = this.shell.element;
    this.side = new SidePanel(api, tr, () => this.openCursor());
    this.lists = {
      studies: studyList(
        desk.studies,
        tr,
        place,
        () => this.preview(),
        (id) => this.go('studies', id),
      ),
      ecgs: ecgList(
        desk.ecgs,
        tr,
        place,
        () => this.preview(),
        (id) => this.go('ecgs', id),
      ),
    };
    desk.studies.onChange = () => this.listChanged('studies');
    desk.ecgs.onChange = () => this.listChanged('ecgs');
    desk.studies.onFresh = (study) => this.announce('live.arrivedStudy', study);
    desk.ecgs.onFresh = (ecg) => this.announce('live.arrivedEcg', ecg);
    desk.onLive = () => {
      this.showLive();
      if (desk.live.kind === 'open') void this.openedEcg?.read();
    };
    desk.onEcgEvent = (id) => {
      if (place.tab === 'ecgs' && place.opened === id) void this.openedEcg?.read();
    };
    document.addEventListener('keydown', this.pressed);
    addEventListener('hashchange', this.hashChanged);
    this.showLive();
    this.showNew();
    this.draw();
  }

  dispose(): void {
    document.removeEventListener('keydown', this.pressed);
    removeEventListener('hashchange', this.hashChanged);
    this.sheet?.close();
    this.side.dispose();
    this.opening += 1;
  }

  /** Put the keyboard where the user was; called once the page holds the element. */
  focus(): void {
    const { place } = this.options;
    if (place.opened === null) this.lists[place.tab].focusCursor();
    else this.shell.content.querySelector('h1')?.focus();
  }

  warn(text: string): void {
    this.shell.warn(text);
  }

  private go(tab: Tab, opened: string | null): void {
    const { place } = this.options;
    place.tab = tab;
    place.opened = opened;
    if (opened !== null) place.cursor[tab] = opened;
    if (location.hash !== toHash(place)) location.hash = toHash(place);
    this.draw();
  }

  private readonly hashChanged = (): void => {
    const { place } = this.options;
    if (location.hash === toHash(place)) return;
    place.opened = null;
    applyHash(location.hash, place);
    this.draw();
  };

  private draw(): void {
    const { place } = this.options;
    this.opening += 1;
    this.openedEcg = null;
    this.openedStudy = null;
    this.shell.showTab(place.tab);
    if (place.opened !== null) {
      this.side.clear();
      void this.drawOpened(place.tab, place.opened, this.opening);
      return;
    }
    const view = this.lists[place.tab];
    this.shell.content.className = 'content list';
    view.cursor = place.cursor[place.tab] ?? view.cursor;
    replace(this.shell.content, view.element, this.side.element);
    view.update();
    this.side.clear();
    this.preview();
    view.focusCursor();
  }

  private async drawOpened(tab: Tab, id: string, opening: number): Promise<void> {
    const { tr } = this.options;
    this.shell.content.className = 'content';
    const known = this.options.desk[tab].get(id) !== undefined;
    if (!known) replace(this.shell.content, notice('sync', tr.t('list.opening'), []));
    try {
      const view = await this.openedView(tab, id);
      if (opening !== this.opening) return;
      replace(this.shell.content, view ?? this.cannotOpen(tr.t('list.notFound')));
    } catch (error) {
      if (opening !== this.opening) return;
      const retry = button(tr.t('action.retry'), () => this.draw(), 'p');
      replace(this.shell.content, this.cannotOpen(tr.problem(asProblem(error)), retry));
    }
    this.shell.content.querySelector('h1')?.focus();
  }

  private async openedView(tab: Tab, id: string): Promise<HTMLElement | null> {
    const { api, tr, desk, place } = this.options;
    const steps = { back: () => this.back(), step: (by: 1 | -1) => this.step(by) };
    if (tab === 'studies') {
      const study = await desk.studies.find(id);
      if (study === null) return null;
      desk.studies.fresh.delete(id);
      this.showNew();
      if (place.opened !== id) return null;
      this.openedStudy = new StudyView(study, api, tr, steps);
      return this.openedStudy.element;
    }
    const ecg = desk.ecgs.get(id) ?? (await api.ecg(id));
    desk.ecgs.fresh.delete(id);
    this.showNew();
    // Another record may have been opened while this one was fetched.
    if (place.opened !== id) return null;
    this.openedEcg = new EcgView(ecg, place, api, tr, steps);
    return this.openedEcg.element;
  }

  private cannotOpen(why: string, ...actions: HTMLElement[]): HTMLElement {
    const { tr } = this.options;
    return notice(
      'tri',
      tr.t('list.openFailed'),
      [why],
      ...actions,
      button(tr.t('action.back'), () => this.back(), '', 'Esc'),
    );
  }

  private back(): void {
    const { place } = this.options;
    if (place.opened !== null) this.go(place.tab, null);
  }

  private step(by: 1 | -1): void {
    const { desk, place } = this.options;
    const list = desk[place.tab];
    const at = list.items.findIndex((item) => item.id === place.opened);
    const next = at === -1 ? undefined : list.items[at + by];
    if (next !== undefined) this.go(place.tab, next.id);
    else if (by === 1 && at !== -1 && list.hasMore) void list.loadMore();
  }

  private openCursor(): void {
    const { place } = this.options;
    const { cursor } = this.lists[place.tab];
    if (cursor !== null) this.go(place.tab, cursor);
  }

  private preview(): void {
    const { desk, place } = this.options;
    const id = this.lists[place.tab].cursor;
    const study = place.tab === 'studies' && id !== null ? desk.studies.get(id) : undefined;
    const ecg = place.tab === 'ecgs' && id !== null ? desk.ecgs.get(id) : undefined;
    if (study !== undefined) this.side.study(study);
    else if (ecg !== undefined) this.side.ecg(ecg);
    else this.side.clear();
  }

  private listChanged(tab: Tab): void {
    this.lists[tab].update();
    this.showLive();
    this.showNew();
    const { desk, place } = this.options;
    if (place.tab !== tab) return;
    if (place.opened === null) {
      this.preview();
      return;
    }
    const study = desk.studies.get(place.opened);
    if (study !== undefined) this.openedStudy?.update(study);
  }

  private announce(key: 'live.arrivedStudy' | 'live.arrivedEcg', item: Study | Ecg): void {
    const { tr } = this.options;
    const name = item.patient.name === '' ? tr.t('patient.noName') : item.patient.name;
    this.shell.say(tr.t(key, { name, institution: tr.institution(item.institution) }));
  }

  private showLive(): void {
    const { desk, place } = this.options;
    const at = desk[place.tab].loadedAt;
    this.shell.showLive(desk.live, at === null ? null : clock(at));
  }

  private showNew(): void {
    const { desk } = this.options;
    this.shell.showNew({ studies: desk.studies.fresh.size, ecgs: desk.ecgs.fresh.size });
  }

  private reload(): void {
    this.options.desk.retryNow();
    this.options.desk.reload();
  }

  private help(): void {
    if (this.sheet?.isConnected) {
      this.sheet.close();
      return;
    }
    this.sheet = helpSheet(this.options.tr);
    this.element.append(this.sheet);
    this.sheet.showModal();
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (this.sheet?.isConnected && event.key !== '?') return;
    const { place } = this.options;
    const done = perform(event, {
      move: (by) => (place.opened === null ? this.lists[place.tab].move(by) : this.step(by)),
      open: () => place.opened === null && this.openCursor(),
      back: () => this.back(),
      tab: (tab) => this.go(tab, null),
      reload: () => this.reload(),
      help: () => this.help(),
    });
    if (done) event.preventDefault();
  };
}
