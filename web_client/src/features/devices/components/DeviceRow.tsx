import type { ReactNode } from 'react';
import { useProblemText } from '@/shared/api';
import { placeName, shortTime } from '@/shared/format/format';
import { Button } from '@/shared/ui';
import { type Device, type DeviceList, useSwitch, useTrial } from '../api/useDevices';
import { useWords } from '../i18n';
import { type Light, refusedAt } from '../model';
import styles from './devices.module.css';

interface Props {
  readonly device: Device;
  readonly list: DeviceList;
  readonly now: Date;
}

export function DeviceRow({ device, list, now }: Props) {
  const t = useWords();
  const trial = useTrial(device.id);
  const turn = useSwitch();
  const home = list.institutions.find((each) => each.id === device.institution_id);
  const off = device.disabled_at !== null;
  const rights = [device.may_query && t('rights.query'), device.may_see_worklist && t('rights.worklist')];
  return (
    <tr data-testid="device-row" data-ae={device.ae_title}>
      <td>
        <b>{device.ae_title}</b>
        <div className="sub t12">{device.description}</div>
        <div className="sub t12">{device.networks.join(', ')}</div>
      </td>
      <td>{home && placeName(home, t.lang)}</td>
      <td>
        <Incoming device={device} list={list} now={now} />
      </td>
      <td>
        <Outgoing device={device} list={list} trial={trial} />
      </td>
      <td className="sub t13">
        {rights.filter(Boolean).join(t.lang === 'zh' ? '、' : ', ') || t('rights.send')}
      </td>
      <td>
        <div className={styles.acts}>
          {device.address !== null && !off && (
            <>
              <Button size="small" busy={trial.isPending} onClick={() => trial.mutate('echo')}>
                {t('act.echo')}
              </Button>
              <Button size="small" busy={trial.isPending} onClick={() => trial.mutate('sample')}>
                {t('act.sample')}
              </Button>
            </>
          )}
          <Button
            kind="ghost"
            size="small"
            busy={turn.isPending}
            onClick={() => turn.mutate({ id: device.id, on: off })}
          >
            {t(off ? 'act.enable' : 'act.disable')}
          </Button>
        </div>
      </td>
    </tr>
  );
}

function Lit({ light, children }: { light: Light; children: ReactNode }) {
  return (
    <div className={styles.light}>
      <span className={styles.dot} data-state={light} aria-hidden="true" />
      <span className="t13">{children}</span>
    </div>
  );
}

function Incoming({ device, list, now }: Props) {
  const t = useWords();
  if (device.disabled_at !== null) return <Lit light="unknown">{t('in.off')}</Lit>;
  const refused = refusedAt(device, list.strangers);
  if (refused !== null) {
    return <Lit light="bad">{t('in.refused', { time: shortTime(refused, now) })}</Lit>;
  }
  if (device.last_called_at === null) return <Lit light="unknown">{t('in.waiting')}</Lit>;
  return <Lit light="good">{t('in.called', { time: shortTime(device.last_called_at, now) })}</Lit>;
}

function Outgoing({
  device,
  list,
  trial,
}: {
  device: Device;
  list: DeviceList;
  trial: ReturnType<typeof useTrial>;
}) {
  const t = useWords();
  const text = useProblemText();
  const { address } = device;
  if (address === null) return <Lit light="unknown">{t('out.noAddress')}</Lit>;
  if (trial.isPending) return <Lit light="unknown">{t('out.trying')}</Lit>;
  if (trial.error !== null) {
    // Nobody asked the device: it was asked a moment ago, or our own server did not answer.
    return (
      <Lit light="unknown">
        {t('out.failed')}：{text(trial.error, { 'no-address': t('error.no-address') })}
      </Lit>
    );
  }
  const result = trial.data;
  if (result === undefined) {
    return (
      <Lit light="unknown">
        {t('out.untried')} <span className="muted">{`${address.host}:${address.port}`}</span>
      </Lit>
    );
  }
  if (result.outcome === 'answered') {
    return (
      <Lit light="good">{t(`out.${result.trial}`, { ms: Math.max(1, Math.round(result.duration_ms)) })}</Lit>
    );
  }
  return (
    <Lit light="bad">
      <span role="alert">
        {t(`why.${result.outcome}`, {
          host: address.host,
          port: address.port,
          ae: device.ae_title,
          our: list.node.ae_title,
        })}
      </span>
      <br />
      <small className="muted t12">{result.detail}</small>
    </Lit>
  );
}
