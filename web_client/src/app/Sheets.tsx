import { type KeyboardEvent, useState } from 'react';
import { useRegistry } from '@/shared/actions/registry';
import { useShared } from '@/shared/i18n';
import { Dialog, Keys } from '@/shared/ui';

interface Props {
  readonly open: 'keys' | 'palette';
  readonly onClose: () => void;
}

/** Both are made of what the page offers just now. */
export default function Sheets({ open, onClose }: Props) {
  const t = useShared();
  return open === 'keys' ? (
    <Dialog title={t('keys.title')} open onClose={onClose} size={760}>
      <KeySheet />
    </Dialog>
  ) : (
    <Dialog title={t('palette.title')} open onClose={onClose}>
      <Palette onClose={onClose} />
    </Dialog>
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

function Palette({ onClose }: { readonly onClose: () => void }) {
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
    onClose();
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
