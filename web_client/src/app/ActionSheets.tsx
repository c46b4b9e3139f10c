import { type KeyboardEvent, useState } from 'react';
import { create } from 'zustand';
import { useActions } from '@/shared/actions';
import { useRegistry } from '@/shared/actions/registry';
import { useShared } from '@/shared/i18n';
import { Dialog, Keys } from '@/shared/ui';

const useSheets = create<{ open: 'keys' | 'palette' | null }>(() => ({ open: null }));

export const openKeySheet = (): void => useSheets.setState({ open: 'keys' });
export const openPalette = (): void => useSheets.setState({ open: 'palette' });
const close = (): void => useSheets.setState({ open: null });

/** The `?` sheet and the Ctrl-K palette, both made of what the page offers just now. */
export function ActionSheets() {
  const t = useShared();
  const open = useSheets((sheets) => sheets.open);
  useActions([
    { name: t('keys.title'), group: t('app.name'), keys: ['?'], keyOnly: true, perform: openKeySheet },
    { name: t('palette.title'), group: t('app.name'), keys: ['Ctrl+k'], keyOnly: true, perform: openPalette },
  ]);
  return (
    <>
      <Dialog title={t('keys.title')} open={open === 'keys'} onClose={close} size={760}>
        <KeySheet />
      </Dialog>
      <Dialog title={t('palette.title')} open={open === 'palette'} onClose={close}>
        <Palette />
      </Dialog>
    </>
  );
}

function KeySheet() {
  const t = useShared();
  const actions = useRegistry((registry) => registry.actions).filter((action) => action.keys !== undefined);
  const groups = [...new Set(actions.map((action) => action.group))].reverse();
  return (
    <>
      <div className="sheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {actions
                .filter((action) => action.group === group)
                .map((action) => (
                  <li key={action.id}>
                    <span className="keys">
                      {action.keys?.map((combo) => (
                        <Keys key={combo} combo={combo} />
                      ))}
                    </span>
                    {action.name}
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
      <p className="muted t12">{t('keys.note')}</p>
    </>
  );
}

function Palette() {
  const t = useShared();
  const [typed, setTyped] = useState('');
  const [cursor, setCursor] = useState(0);
  const wanted = typed.trim().toLowerCase();
  const found = useRegistry((registry) => registry.actions).filter(
    (action) => action.keyOnly !== true && `${action.name} ${action.group}`.toLowerCase().includes(wanted),
  );
  const chosen = Math.min(cursor, found.length - 1);
  function perform(index: number): void {
    const action = found[index];
    if (action === undefined || action.blocked) return;
    close();
    action.perform();
  }
  function onKey(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setCursor(Math.min(chosen + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setCursor(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter') perform(chosen);
    else return;
    event.preventDefault();
  }
  return (
    <div className="palette">
      <div className="search">
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-label={t('palette.search')}
          placeholder={t('palette.search')}
          // Focus for Mantine's focus trap.
          data-autofocus
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setCursor(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      {found.length === 0 && <p className="muted">{t('palette.none')}</p>}
      <ul id="palette-list">
        {found.map((action, index) => (
          <li key={action.id}>
            <button
              type="button"
              aria-selected={index === chosen}
              role="option"
              disabled={Boolean(action.blocked)}
              onClick={() => perform(index)}
            >
              <span className="grow">
                {action.name} <small className="muted">{action.blocked || action.group}</small>
              </span>
              {action.keys?.slice(0, 1).map((combo) => (
                <Keys key={combo} combo={combo} />
              ))}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
