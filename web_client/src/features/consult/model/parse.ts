import type { Description, Participant, ServerMessage, SharedView, Slot } from './protocol';

type Fields = Readonly<Record<string, unknown>>;

/** A message of the protocol, or null for what is none: an unknown or broken one is passed over, never half-used. */
export function parseMessage(data: unknown): ServerMessage | null {
  const message = fields(json(data));
  if (message === null) return null;
  return isMessage(message) ? (message as unknown as ServerMessage) : null;
}

function isMessage(m: Fields): boolean {
  switch (m.type) {
    case 'welcome':
      return (
        text(m.self) &&
        (m.answer === null || isDescription(m.answer)) &&
        listOf(m.participants, isParticipant) &&
        (m.leader === null || text(m.leader)) &&
        (m.view === null || isView(m.view)) &&
        number(m.view_version)
      );
    case 'joined':
    case 'left':
      return isParticipant(m.participant);
    case 'slots':
      return listOf(m.slots, isSlot);
    case 'view':
      return isView(m.view) && number(m.version) && text(m.by);
    case 'leader':
      return m.participant_id === null || text(m.participant_id);
    case 'cursor':
      return text(m.participant_id) && number(m.x) && number(m.y);
    case 'mute':
      return text(m.participant_id) && flag(m.audio) && flag(m.video);
    case 'closed':
      return text(m.reason);
    case 'error':
      return text(m.code) && text(m.detail);
    default:
      return false;
  }
}

function isDescription(value: unknown): value is Description {
  const d = fields(value);
  return d !== null && d.type === 'answer' && text(d.sdp);
}

function isParticipant(value: unknown): value is Participant {
  const p = fields(value);
  if (p === null) return false;
  const institution = fields(p.institution);
  return (
    [p.id, p.person_id, p.display_name, p.color].every(text) &&
    [p.audio_muted, p.video_muted].every(flag) &&
    institution !== null &&
    [institution.id, institution.name_zh, institution.name_en].every(text)
  );
}

function isSlot(value: unknown): value is Slot {
  const s = fields(value);
  if (s === null || !text(s.mid) || !text(s.participant_id)) return false;
  return s.kind === 'audio' || s.kind === 'video';
}

function isView(value: unknown): value is SharedView {
  const v = fields(value);
  if (v === null) return false;
  const pan = fields(v.pan);
  const voi = fields(v.window);
  return (
    text(v.study_instance_uid) &&
    (v.series_instance_uid === null || text(v.series_instance_uid)) &&
    (v.instance_index === null || number(v.instance_index)) &&
    (v.zoom === null || number(v.zoom)) &&
    (v.pan === null || (pan !== null && number(pan.x) && number(pan.y))) &&
    (v.window === null || (voi !== null && number(voi.center) && number(voi.width))) &&
    (v.ecg === null || fields(v.ecg) !== null)
  );
}

function json(data: unknown): unknown {
  if (typeof data !== 'string') return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function text(value: unknown): value is string {
  return typeof value === 'string';
}

function number(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function flag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function listOf(value: unknown, each: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(each);
}
