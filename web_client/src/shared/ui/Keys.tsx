import { useShared } from '@/shared/i18n';

const DRAWN: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};

/** A key or chord as it is drawn: `Ctrl+Enter`. */
export function Keys({ combo }: { combo: string }) {
  const t = useShared();
  return (
    <>
      {combo.split('+').map((key) => (
        <kbd key={key}>{key === 'Space' ? t('keys.space') : (DRAWN[key] ?? capital(key))}</kbd>
      ))}
    </>
  );
}

const capital = (key: string): string => (key.length === 1 ? key.toUpperCase() : key);
