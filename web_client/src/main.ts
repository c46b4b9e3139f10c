import { Api } from './api';
import { Desk } from './desk';
import { h, replace } from './dom';
import { Translator } from './i18n/translator';
import { type LoginOptions, loginPage } from './login';
import type { Session } from './model';
import { button, notice } from './parts';
import { applyHash, type Place, startPlace } from './place';
import { loadPrefs, type Prefs, savePrefs } from './prefs';
import { asProblem } from './problem';
import { Workspace } from './workspace';

/** The page's life: who is signed in, and what is drawn for that. */
class Page {
  private prefs: Prefs = loadPrefs(localStorage);
  private readonly api = new Api();
  private readonly root: HTMLElement;
  private session: Session | null = null;
  private desk: Desk | null = null;
  private workspace: Workspace | null = null;
  private place: Place = startPlace();
  private owner: string | null = null;
  private lastLogin = '';

  constructor(root: HTMLElement) {
    this.root = root;
    applyHash(location.hash, this.place);
  }

  async start(): Promise<void> {
    this.applyPrefs();
    const { tr } = this;
    replace(this.root, h('div', { class: 'center' }, notice('sync', tr.t('boot.loading'), [])));
    try {
      this.enter(await this.api.session());
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 401) this.showLogin(null);
      else {
        const retry = button(tr.t('action.retry'), () => void this.start(), 'p');
        replace(this.root, h('div', { class: 'center' }, notice('tri', tr.problem(problem), [], retry)));
      }
    }
  }

  private get tr(): Translator {
    return new Translator(this.prefs.lang);
  }

  private enter(session: Session): void {
    // A place belongs to one person: whoever comes next starts at the list.
    if (this.owner !== null && this.owner !== session.person.id) {
      this.place = startPlace();
      location.hash = '';
    }
    this.owner = session.person.id;
    this.lastLogin = session.person.login;
    this.session = session;
    this.api.onSignedOut = () => this.leave('login.expired');
    this.desk = new Desk(this.api, () => this.leave('login.expired'));
    this.showWorkspace();
    this.desk.start();
  }

  private showWorkspace(): void {
    const { api, tr, prefs, session, desk, place } = this;
    if (session === null || desk === null) return;
    this.workspace?.dispose();
    const actions = {
      onLang: () => this.change({ lang: this.prefs.lang === 'zh' ? 'en' : 'zh' }, () => this.showWorkspace()),
      onTheme: () =>
        this.change({ theme: this.prefs.theme === 'dark' ? 'light' : 'dark' }, () => this.showWorkspace()),
      onSignOut: () => void this.signOut(),
    };
    // The root is emptied first, so that the new view finds its place in the document.
    replace(this.root);
    this.workspace = new Workspace({ api, tr, prefs, session, desk, place, actions });
    this.root.append(this.workspace.element);
    this.workspace.focus();
  }

  private async signOut(): Promise<void> {
    try {
      await this.api.signOut();
    } catch (error) {
      const problem = asProblem(error);
      // Not signed out is said aloud: the next person at this desk would be reading as this one.
      if (problem.status !== 401) {
        this.workspace?.warn(this.tr.problem(problem));
        return;
      }
    }
    this.place = startPlace();
    this.lastLogin = '';
    location.hash = '';
    this.leave('login.signedOut');
  }

  private leave(reason: NonNullable<LoginOptions['reason']>): void {
    if (this.session === null) return;
    this.session = null;
    this.api.onSignedOut = () => {};
    this.desk?.stop();
    this.workspace?.dispose();
    this.desk = null;
    this.workspace = null;
    this.showLogin(reason);
  }

  private showLogin(reason: LoginOptions['reason']): void {
    document.title = this.tr.t('app.name');
    const page = loginPage({
      api: this.api,
      tr: this.tr,
      reason,
      login: this.lastLogin,
      onSignedIn: (session) => this.enter(session),
      onLang: () =>
        this.change({ lang: this.prefs.lang === 'zh' ? 'en' : 'zh' }, () => this.showLogin(reason)),
    });
    replace(this.root, page);
  }

  private change(part: Partial<Prefs>, redraw: () => void): void {
    this.prefs = { ...this.prefs, ...part };
    savePrefs(localStorage, this.prefs);
    this.applyPrefs();
    redraw();
  }

  private applyPrefs(): void {
    document.documentElement.lang = this.prefs.lang === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = this.prefs.theme;
  }
}

const root = document.getElementById('app');
if (root !== null) void new Page(root).start();
