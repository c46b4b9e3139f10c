import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useNow } from '@/shared/format/useNow';
import type { Request } from '@/shared/requests/requests';
import { useWords } from '../i18n';
import type { Row } from '../model/rows';
import { RequestRow } from './RequestRow';
import styles from './worklist.module.css';

const ROW_PX = 48;
const GROUP_PX = 26;
const AHEAD = 6;
const COLUMNS = ['tier', 'left', 'patient', 'exam', 'place', 'hints', 'state'] as const;

interface Props {
  readonly rows: readonly Row[];
  readonly selected: string | null;
  readonly focus: boolean;
  readonly claiming: string | null;
  readonly onSelect: (id: string) => void;
  readonly onOpen: (request: Request) => void;
  readonly onClaim: (request: Request) => void;
  /** The end of what is loaded has come into view. */
  readonly onEnd: () => void;
}

/** The list, drawn as far as it is seen. */
export function WorklistTable({ rows, selected, focus, claiming, onSelect, onOpen, onClaim, onEnd }: Props) {
  const t = useWords();
  const now = useNow();
  const frame = useRef<HTMLTableSectionElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => (rows[index]?.type === 'group' ? GROUP_PX : ROW_PX),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: AHEAD,
  });
  const drawn = virtual.getVirtualItems();
  const last = drawn[drawn.length - 1]?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - 1) onEnd();
  }, [last, rows.length, onEnd]);
  const at = rows.findIndex((row) => row.key === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  return (
    <div className={styles.frame}>
      <table className={styles.table} aria-label={t('title')} aria-rowcount={rows.length}>
        <thead>
          <tr className={styles.head}>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {t(`col.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={frame} className={styles.scroll}>
          {/* As high as the whole list, so that the scroll bar tells its length. */}
          <tr className={styles.tall} style={{ height: virtual.getTotalSize() }} />
          {drawn.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const at = { height: item.size, transform: `translateY(${item.start}px)` };
            return row.type === 'group' ? (
              <tr key={item.key} className={styles.group} style={at}>
                <th scope="rowgroup" colSpan={COLUMNS.length}>
                  {t(`group.${row.group}`)}
                </th>
              </tr>
            ) : (
              <RequestRow
                key={item.key}
                style={at}
                request={row.request}
                now={now}
                selected={row.key === selected}
                focus={focus}
                busy={claiming === row.key}
                onSelect={onSelect}
                onOpen={onOpen}
                onClaim={onClaim}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
