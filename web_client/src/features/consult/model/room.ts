import type { Kind, Participant, ServerMessage, SharedView } from './protocol';

/** What the server said of the room, as far as this connection heard it. */
export interface Room {
  readonly self: string | null;
  readonly participants: readonly Participant[];
  readonly leader: string | null;
  readonly view: SharedView | null;
  readonly viewVersion: number;
  /** Which of my receive-only slots carries whom. */
  readonly slots: Readonly<Record<string, { readonly participantId: string; readonly kind: Kind }>>;
}

export const EMPTY_ROOM: Room = {
  self: null,
  participants: [],
  leader: null,
  view: null,
  viewVersion: -1,
  slots: {},
};

/** The room after a message. What a broken connection leaves behind is replaced whole by the next welcome. */
export function heard(room: Room, message: ServerMessage): Room {
  switch (message.type) {
    case 'welcome':
      return {
        self: message.self,
        participants: message.participants,
        leader: message.leader,
        // Whoever opened the room alone has looked around before the server heard of any view.
        view: message.view ?? room.view,
        viewVersion: message.view_version,
        slots: {},
      };
    case 'joined':
      return { ...room, participants: [...others(room, message.participant.id), message.participant] };
    case 'left':
      return { ...room, participants: others(room, message.participant.id) };
    case 'slots':
      return {
        ...room,
        slots: Object.fromEntries(
          message.slots.map(({ mid, participant_id, kind }) => [
            mid,
            { participantId: participant_id, kind },
          ]),
        ),
      };
    case 'view':
      // Two of them may cross on the way when the lead changes hands: the later version stands.
      if (message.version <= room.viewVersion) return room;
      return { ...room, view: message.view, viewVersion: message.version };
    case 'leader':
      return { ...room, leader: message.participant_id };
    case 'mute': {
      const muted = { audio_muted: message.audio, video_muted: message.video };
      const participants = room.participants.map((one) =>
        one.id === message.participant_id ? { ...one, ...muted } : one,
      );
      return { ...room, participants };
    }
    default:
      return room;
  }
}

function others(room: Room, id: string): readonly Participant[] {
  return room.participants.filter((participant) => participant.id !== id);
}

export function participant(room: Room, id: string | null): Participant | null {
  return room.participants.find((one) => one.id === id) ?? null;
}

export function isLeading(room: Room): boolean {
  return room.self !== null && room.leader === room.self;
}

/** The tracks that carry one participant to me. */
export function tracksOf(
  room: Room,
  received: ReadonlyMap<string, MediaStreamTrack>,
  participantId: string,
): readonly MediaStreamTrack[] {
  return Object.entries(room.slots).flatMap(([mid, slot]) => {
    const track = received.get(mid);
    return slot.participantId === participantId && track !== undefined ? [track] : [];
  });
}
