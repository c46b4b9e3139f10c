import { lazy, Suspense } from 'react';
import { create } from 'zustand';
import { useActions } from '@/shared/actions';
import { useShared } from '@/shared/i18n';

const Sheets = lazy(() => import('./Sheets'));
const useSheets = create<{ open: 'keys' | 'palette' | null }>(() => ({ open: null }));

export const openKeySheet = (): void => useSheets.setState({ open: 'keys' });
export const openPalette = (): void => useSheets.setState({ open: 'palette' });
const close = (): void => useSheets.setState({ open: null });

/** The `?` sheet and the Ctrl-K palette, fetched when one is first asked for. */
export function ActionSheets() {
  const t = useShared();
  const open = useSheets((sheets) => sheets.open);
  useActions([
    { name: t('keys.title'), group: t('app.name'), keys: ['?'], keyOnly: true, perform: openKeySheet },
    { name: t('palette.title'), group: t('app.name'), keys: ['Ctrl+k'], keyOnly: true, perform: openPalette },
  ]);
  return <Suspense>{open !== null && <Sheets open={open} onClose={close} />}</Suspense>;
}
