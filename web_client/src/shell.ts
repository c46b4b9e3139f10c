import { h, icon, replace } from './dom';
import type { Translator } from './i18n/translator';
import type { LiveState } from './live';
import type { Session } from './model';
import { button } from './parts';
import type { Tab } from './place';
import type { Prefs } from './prefs';

export interface ShellActions {
  readonly onTab: (tab: Tab) => void;
  readonly onLang: () => void;
  readonly onTheme: () => void;
  readonly onSignOut: () => void;
  readonly onHelp: () => void;
  readonly onRetry: () => void;
}

/** What stays around every view: who is signed in, the two lists, and whether news arrives. */
export class Shell {
  readonly element: HTMLElement;
  readonly content = h('main', { class: 'content' });
  private readonly tabs: Record<Tab, { button: HTMLButtonElement; count: HTMLElement }>;
  private readonly stale = h('div', { role: 'status' });
  private readonly warning = h('div', { role: 'alert' });
  private readonly liveMark = h('span', {});
  private readonly spoken = h('div', { class: 'sr', 'aria-live': 'polite' });
  private readonly tr: Translator;
  private readonly actions: ShellActions;

  constructor(session: Session, prefs: Prefs, tr: Translator, actions: ShellActions) {
    this.tr = tr;
    this.actions = actions;
    this.tabs = { studies: this.tab('studies', 'img'), ecgs: this.tab('ecgs', 'heart') };
    const middle = h('div', { class: 'middle' }, this.warning, this.stale, this.content);
    this.element = h('div', { class: 'shell' }, this.top(session, prefs), middle, this.status(), this.spoken);
  }

  showTab(current: Tab): void {
    for (const [name, { button: tab }] of Object.entries(this.tabs)) {
      if (name === current) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
    }
  }

  /** How many arrived unopened, beside each list's name. */
  showNew(counts: Readonly<Record<Tab, number>>): void {
    for (const [name, { count }] of Object.entries(this.tabs)) {
      const n = counts[name as Tab];
      count.hidden = n === 0;
      replace(count, `${this.tr.t('list.new')} ${n}`);
    }
    const total = counts.studies + counts.ecgs;
    document.title = total === 0 ? this.tr.t('app.name') : `(${total}) ${this.tr.t('app.name')}`;
  }

  showLive(state: LiveState, listAt: string | null): void {
    const { tr } = this;
    const word = {
      connecting: 'live.connecting',
      open: 'live.open',
      waiting: 'live.waiting',
      ended: 'live.ended',
    } as const;
    const dot = h('i', {
      class: state.kind === 'open' ? 'dot' : state.kind === 'connecting' ? 'dot off' : 'dot warn',
    });
    replace(this.liveMark, dot, tr.t(word[state.kind]));
    // While a retry is under way the warning stays: nothing has come back yet.
    if (state.kind === 'open' || state.kind === 'ended') replace(this.stale);
    if (state.kind !== 'waiting') return;
    const { attempt } = state;
    const text =
      listAt === null ? tr.t('live.staleNever', { attempt }) : tr.t('live.stale', { attempt, time: listAt });
    const retry = button(tr.t('live.retryNow'), this.actions.onRetry, '', 'R');
    replace(
      this.stale,
      h('div', { class: 'banner' }, icon('tri'), h('span', { class: 'grow' }, text), retry),
    );
  }

  warn(text: string): void {
    replace(
      this.warning,
      h(
        'div',
        { class: 'banner' },
        icon('tri'),
        h('span', { class: 'grow' }, text),
        button(this.tr.t('action.close'), () => replace(this.warning)),
      ),
    );
  }

  say(text: string): void {
    replace(this.spoken, text);
  }

  private tab(name: Tab, iconName: string): { button: HTMLButtonElement; count: HTMLElement } {
    const count = h('span', { class: 'tag a', hidden: true });
    const on = { click: () => this.actions.onTab(name) };
    return {
      count,
      button: h('button', { type: 'button', on }, icon(iconName), this.tr.t(`nav.${name}`), count),
    };
  }

  private top(session: Session, prefs: Prefs): HTMLElement {
    const { tr, actions } = this;
    const { display_name: name, institution } = session.person;
    const theme = tr.t(prefs.theme === 'dark' ? 'theme.toLight' : 'theme.toDark');
    const switchTheme = h(
      'button',
      { type: 'button', class: 'btn s g', on: { click: actions.onTheme } },
      icon('contrast'),
      theme,
    );
    const lang = button(tr.t('lang.switch'), actions.onLang, 'g');
    lang.title = tr.t('lang.label');
    lang.lang = tr.lang === 'zh' ? 'en' : 'zh-CN';
    return h(
      'header',
      { class: 'top' },
      h('a', { class: 'skip', href: '#list', on: { click: (event) => this.skip(event) } }, tr.t('app.skip')),
      h(
        'div',
        { class: 'brand' },
        icon('logo', ''),
        tr.t('app.name'),
        h('small', { class: 'ell' }, tr.institution(institution)),
      ),
      h(
        'nav',
        { class: 'nav', 'aria-label': tr.t('nav.label') },
        this.tabs.studies.button,
        this.tabs.ecgs.button,
      ),
      h('span', { class: 'end' }),
      switchTheme,
      lang,
      h(
        'span',
        { class: 'who' },
        h('span', { class: 'ava', 'aria-hidden': 'true' }, [...name][0] ?? '·'),
        h('span', { class: 'ell' }, name),
      ),
      button(tr.t('action.signOut'), actions.onSignOut),
    );
  }

  private skip(event: Event): void {
    // The address belongs to the place: the link must not change it.
    event.preventDefault();
    this.content.querySelector<HTMLElement>('tr.sel, h1')?.focus();
  }

  private status(): HTMLElement {
    const { tr } = this;
    const key = (keys: readonly string[], word: string): HTMLElement =>
      h('span', {}, ...keys.map((one) => h('kbd', {}, one)), word);
    const help = h(
      'button',
      { type: 'button', class: 'plain', on: { click: this.actions.onHelp } },
      key(['?'], tr.t('action.keys')),
    );
    const hints = h(
      'span',
      { class: 'hint' },
      key(['J', 'K'], tr.t('action.move')),
      key(['Enter'], tr.t('action.open')),
      key(['1', '2'], `${tr.t('nav.studies')} / ${tr.t('nav.ecgs')}`),
      help,
    );
    return h('footer', { class: 'status' }, this.liveMark, h('span', { class: 'end' }, hints));
  }
}
