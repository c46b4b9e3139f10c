import { h, replace } from './dom';
import { clock } from './format';
import type { Translator } from './i18n/translator';
import type { RecordList } from './list';
import type { Received } from './model';
import { button, machineBadge, notice } from './parts';
import type { Column } from './rows';

export interface ListViewOptions<T extends Received> {
  readonly tr: Translator;
  readonly list: RecordList<T>;
  readonly label: string;
  readonly columns: readonly Column[];
  readonly cells: (item: T, isNew: boolean) => HTMLTableCellElement[];
  readonly rowClass: (item: T) => string;
  readonly summary: (items: readonly T[]) => string;
  readonly empty: { readonly title: string; readonly lines: readonly string[] };
  readonly onCursor: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

interface Drawn<T> {
  readonly item: T;
  readonly isNew: boolean;
  readonly row: HTMLTableRowElement;
}

/** A list as dense rows. A row stays the same element while its item does, so focus and scroll hold. */
export class ListView<T extends Received> {
  readonly element: HTMLElement;
  cursor: string | null;
  private readonly drawn = new Map<string, Drawn<T>>();
  private readonly body = h('tbody');
  private readonly info = h('span', { class: 'sub t13' });
  private readonly problem = h('div', { role: 'alert' });
  private readonly foot = h('div', { class: 'foot' });
  private readonly scroller: HTMLElement;
  private readonly options: ListViewOptions<T>;

  constructor(options: ListViewOptions<T>, cursor: string | null) {
    this.options = options;
    this.cursor = cursor;
    const { tr, list } = options;
    const heads = options.columns.map(({ cls, key, machine }) =>
      h('th', { class: cls, scope: 'col' }, machine ? machineBadge(tr) : null, ` ${tr.t(key)}`),
    );
    const table = h(
      'table',
      { 'aria-label': options.label },
      h('thead', {}, h('tr', {}, ...heads)),
      this.body,
    );
    this.scroller = h('div', { class: 'q', id: 'list' }, table, this.foot);
    const refresh = button(tr.t('action.reload'), () => void list.reload(), '', 'R');
    const tools = h(
      'div',
      { class: 'tools' },
      h('b', {}, options.label),
      this.info,
      h('span', { class: 'end' }),
      refresh,
    );
    this.element = h('section', { class: 'main' }, tools, this.problem, this.scroller);
    this.update();
  }

  update(): void {
    const { list } = this.options;
    if (this.cursor === null || list.get(this.cursor) === undefined) this.cursor = list.items[0]?.id ?? null;
    const focused = document.activeElement;
    const hadFocus = focused !== null && this.body.contains(focused);
    this.placeRows();
    this.drawInfo();
    this.drawFoot();
    if (hadFocus && !this.body.contains(document.activeElement)) this.focusCursor();
  }

  move(step: number): void {
    const { items } = this.options.list;
    const at = items.findIndex((item) => item.id === this.cursor);
    const next = items[Math.min(items.length - 1, Math.max(0, at + step))];
    if (next === undefined) return;
    this.setCursor(next.id);
    this.focusCursor();
  }

  focusCursor(): void {
    const drawn = this.cursor === null ? undefined : this.drawn.get(this.cursor);
    drawn?.row.focus({ preventScroll: true });
    drawn?.row.scrollIntoView({ block: 'nearest' });
  }

  private setCursor(id: string): void {
    this.cursor = id;
    this.markRows();
    this.options.onCursor(id);
  }

  private placeRows(): void {
    const { items, fresh } = this.options.list;
    const present = new Set(items.map((item) => item.id));
    for (const [id, { row }] of this.drawn) {
      if (present.has(id)) continue;
      row.remove();
      this.drawn.delete(id);
    }
    for (const [index, item] of items.entries()) {
      const row = this.rowOf(item, fresh.has(item.id));
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
    }
    this.markRows();
  }

  private rowOf(item: T, isNew: boolean): HTMLTableRowElement {
    const known = this.drawn.get(item.id);
    if (known !== undefined && known.isNew === isNew && same(known.item, item)) return known.row;
    const { id } = item;
    const on = {
      click: () => {
        this.setCursor(id);
        this.options.onOpen(id);
      },
      focus: () => {
        if (this.cursor !== id) this.setCursor(id);
      },
    };
    const row = h('tr', { class: this.options.rowClass(item), on }, ...this.options.cells(item, isNew));
    known?.row.replaceWith(row);
    this.drawn.set(id, { item, isNew, row });
    return row;
  }

  private markRows(): void {
    for (const [id, { row }] of this.drawn) {
      const on = id === this.cursor;
      row.classList.toggle('sel', on);
      row.tabIndex = on ? 0 : -1;
      if (on) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
    }
  }

  private drawInfo(): void {
    const { tr, list, summary } = this.options;
    const parts = [
      tr.t('list.loaded', { count: list.items.length }),
      summary(list.items),
      tr.t('list.order'),
    ];
    if (list.loadedAt !== null) parts.push(tr.t('list.updatedAt', { time: clock(list.loadedAt) }));
    replace(this.info, list.items.length === 0 ? '' : parts.filter((part) => part !== '').join(' · '));
    replace(this.problem);
    if (list.failed !== 'loading' || list.problem === null || list.items.length === 0) return;
    const why = tr.problem(list.problem);
    const time = list.loadedAt === null ? '—' : clock(list.loadedAt);
    const retry = button(tr.t('action.retry'), () => void list.reload());
    replace(
      this.problem,
      h(
        'div',
        { class: 'banner' },
        h('span', { class: 'grow' }, tr.t('list.refreshFailed', { time, why })),
        retry,
      ),
    );
  }

  private drawFoot(): void {
    const { tr, list, empty } = this.options;
    if (list.items.length === 0) {
      replace(this.foot, this.emptyNotice(empty));
      return;
    }
    if (!list.hasMore) {
      replace(this.foot, h('span', { class: 'muted t12' }, tr.t('list.end')));
      return;
    }
    if (list.phase === 'loading-more') {
      replace(this.foot, h('span', { class: 'sub', role: 'status' }, tr.t('list.loadingMore')));
      return;
    }
    const problem = list.failed === 'loading-more' ? list.problem : null;
    const why = problem === null ? null : tr.t('list.moreFailed', { why: tr.problem(problem) });
    replace(
      this.foot,
      why === null ? null : h('p', { class: 'warn', role: 'alert' }, why),
      button(tr.t('action.loadMore'), () => void list.loadMore()),
    );
  }

  private emptyNotice(empty: { title: string; lines: readonly string[] }): HTMLElement {
    const { tr, list } = this.options;
    if (list.phase === 'failed' && list.problem !== null) {
      const retry = button(tr.t('action.retry'), () => void list.reload(), 'p');
      return notice('tri', tr.t('list.failed'), [tr.problem(list.problem)], retry);
    }
    if (list.loadedAt === null) return notice('sync', tr.t('list.loading'), []);
    return notice('inbox', empty.title, empty.lines);
  }
}

/** Two readings of one record that say the same need no new row. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
