import type { Destination, Priority } from '../api/useForwarding';
import { useWords } from '../i18n';

const PRIORITIES: readonly Priority[] = ['high', 'medium', 'low'];

interface DestinationProps {
  readonly destinations: readonly Destination[];
  readonly value: string;
  readonly onChange: (id: string) => void;
}

export function DestinationField({ destinations, value, onChange }: DestinationProps) {
  const t = useWords();
  return (
    <label>
      {t('form.destination')}
      <select name="destination" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="" />
        {destinations.map((each) => (
          <option key={each.id} value={each.id}>
            {each.ae_title}
          </option>
        ))}
      </select>
    </label>
  );
}

interface PriorityProps {
  readonly value: Priority;
  readonly onChange: (priority: Priority) => void;
}

export function PriorityField({ value, onChange }: PriorityProps) {
  const t = useWords();
  return (
    <label>
      {t('form.priority')}
      <select
        name="priority"
        value={value}
        onChange={(event) => {
          const chosen = PRIORITIES.find((each) => each === event.target.value);
          if (chosen !== undefined) onChange(chosen);
        }}
      >
        {PRIORITIES.map((each) => (
          <option key={each} value={each}>
            {t(`priority.${each}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
