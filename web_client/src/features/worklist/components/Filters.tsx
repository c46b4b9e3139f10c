import { IconSearch, IconX } from '@tabler/icons-react';
import { type RefObject, useEffect, useState } from 'react';
import { placeName } from '@/shared/format/format';
import type { Request } from '@/shared/requests/requests';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { type Filters, RISKS, VIEWS } from '../model/filters';
import styles from './worklist.module.css';

interface Props {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

const SEARCH_AFTER_MS = 250;

interface Choice {
  readonly value: string | undefined;
  readonly word: string;
}

function Choices({
  label,
  choices,
  value,
  onPick,
}: {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: string | undefined;
  readonly onPick: (value: string | undefined) => void;
}) {
  return (
    <section>
      <h2>{label}</h2>
      <ul>
        {choices.map((choice) => (
          <li key={choice.value ?? ''}>
            <button type="button" aria-pressed={choice.value === value} onClick={() => onPick(choice.value)}>
              <span className="ell">{choice.word}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Views and filters, all of them in the address. */
export function FilterRail({
  filters,
  onChange,
  places,
}: Props & { readonly places: readonly Request['examining'][] }) {
  const t = useWords();
  const set = (part: Record<string, string | undefined>): void =>
    onChange({ ...filters, ...part } as Filters);
  return (
    <nav className={styles.rail} aria-label={t('view.label')}>
      <Choices
        label={t('view.label')}
        value={filters.view}
        choices={VIEWS.map((view) => ({ value: view, word: t(`view.${view}`) }))}
        onPick={(view) => set({ view })}
      />
      <Choices
        label={t('kind.label')}
        value={filters.kind}
        choices={[
          { value: undefined, word: t('kind.all') },
          { value: 'ecg', word: t('kind.ecg') },
          { value: 'imaging', word: t('kind.imaging') },
        ]}
        onPick={(kind) => set({ kind })}
      />
      <Choices
        label={t('risk.label')}
        value={filters.risk}
        choices={[
          { value: undefined, word: t('risk.all') },
          ...RISKS.map((risk) => ({ value: risk, word: t(`group.${risk}`).split(/[：:]/)[0] ?? risk })),
        ]}
        onPick={(risk) => set({ risk })}
      />
      {places.length > 1 && (
        <Choices
          label={t('place.label')}
          value={filters.institution_id}
          choices={[
            { value: undefined, word: t('place.all') },
            ...places.map((place) => ({ value: place.id, word: placeName(place, t.lang) })),
          ]}
          onPick={(institution_id) => set({ institution_id })}
        />
      )}
    </nav>
  );
}

/** Search that asks the server a moment after the last letter, and never in the middle of an input method's. */
export function Search({
  filters,
  onChange,
  field,
}: Props & { readonly field: RefObject<HTMLInputElement | null> }) {
  const t = useWords();
  const asked = filters.q ?? '';
  const [typed, setTyped] = useState(asked);
  const [composing, setComposing] = useState(false);
  useEffect(() => setTyped(asked), [asked]);
  useEffect(() => {
    if (composing || typed.trim() === asked) return;
    const timer = setTimeout(() => {
      const { q: _, ...rest } = filters;
      onChange(typed.trim() === '' ? rest : { ...rest, q: typed.trim() });
    }, SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed, asked, composing, filters, onChange]);
  return (
    <div className={`search ${styles.search}`}>
      <IconSearch size={16} />
      <input
        ref={field}
        type="text"
        aria-label={t('act.search')}
        placeholder={t('search.placeholder')}
        maxLength={64}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onCompositionStart={() => setComposing(true)}
        onCompositionEnd={() => setComposing(false)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
        }}
      />
      {typed === '' ? (
        <kbd>/</kbd>
      ) : (
        <Button kind="ghost" size="small" aria-label={t('search.clear')} onClick={() => setTyped('')}>
          <IconX size={14} />
        </Button>
      )}
    </div>
  );
}
