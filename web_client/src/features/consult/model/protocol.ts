/** The room's JSON over /rtc/{consult_id}; its one source is server/consults/signals.py. */

export type Kind = 'audio' | 'video';

export interface Participant {
  /** One a connection: whoever comes back is a new participant with the same person_id. */
  readonly id: string;
  readonly person_id: string;
  readonly display_name: string;
  readonly institution: { readonly id: string; readonly name_zh: string; readonly name_en: string };
  readonly color: string;
  readonly audio_muted: boolean;
  readonly video_muted: boolean;
}

/** What everybody in step looks at: the server keeps the last one for whoever comes later. */
export interface SharedView {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string | null;
  readonly instance_index: number | null;
  readonly window: { readonly center: number; readonly width: number } | null;
  readonly zoom: number | null;
  readonly pan: { readonly x: number; readonly y: number } | null;
  readonly ecg: Readonly<Record<string, unknown>> | null;
}

export interface Slot {
  readonly mid: string;
  readonly participant_id: string;
  readonly kind: Kind;
}

export interface Description {
  readonly type: RTCSdpType;
  readonly sdp: string;
}

export type ClientMessage =
  | { readonly type: 'join'; readonly offer: Description | null }
  | { readonly type: 'view'; readonly view: SharedView }
  | { readonly type: 'lead' }
  | { readonly type: 'cursor'; readonly x: number; readonly y: number }
  | { readonly type: 'mute'; readonly audio: boolean; readonly video: boolean }
  | { readonly type: 'leave' };

export type ServerMessage =
  | {
      readonly type: 'welcome';
      readonly self: string;
      readonly answer: Description | null;
      readonly participants: readonly Participant[];
      readonly leader: string | null;
      readonly view: SharedView | null;
      readonly view_version: number;
    }
  | { readonly type: 'joined' | 'left'; readonly participant: Participant }
  | { readonly type: 'slots'; readonly slots: readonly Slot[] }
  | { readonly type: 'view'; readonly view: SharedView; readonly version: number; readonly by: string }
  | { readonly type: 'leader'; readonly participant_id: string | null }
  | { readonly type: 'cursor'; readonly participant_id: string; readonly x: number; readonly y: number }
  | {
      readonly type: 'mute';
      readonly participant_id: string;
      readonly audio: boolean;
      readonly video: boolean;
    }
  | { readonly type: 'closed'; readonly reason: string }
  | { readonly type: 'error'; readonly code: string; readonly detail: string };
