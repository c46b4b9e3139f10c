/** A window in the units of the pixels: HU for CT, counts for what has no rescale. */
export interface Window {
  readonly center: number;
  readonly width: number;
}

/** What a viewer shows. It crosses the wire between the people of a consult, so it depends on no screen's size. */
export interface View {
  readonly study_instance_uid: string;
  readonly series_instance_uid: string | null;
  /** 0-based place in the series, as the viewer orders it. */
  readonly instance_index: number;
  /** null: the window the image itself names. */
  readonly window: Window | null;
  /** 1 fits the image into the viewport. */
  readonly zoom: number;
  /** How far the image's centre lies from the viewport's, in mm of the image (pixels where it has no spacing), right and down. */
  readonly pan: { readonly x: number; readonly y: number };
}

/** A rectangle in CSS pixels of the viewport. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a consult follows and leads a viewer. */
export interface ViewSync {
  getView(): View;
  /** Shows the view, or as soon as the series are known; it is not reported to `onViewChange`. Another study's view is refused with false. */
  applyView(view: View): boolean;
  /** Called after each change that a person made here. Returns how to stop. */
  onViewChange(listener: (view: View) => void): () => void;
  /** Where the picture lies in the viewport, also beyond its edges; null while there is none. */
  pictureBox(): Box | null;
}

export type SliceStatus = 'waiting' | 'loading' | 'ready' | 'broken';

/** Why a slice is not shown: `unavailable` may come back, `undecodable` will not. */
export type SliceFault = 'undecodable' | 'unavailable' | 'refused';

/** One picture of a stack: an instance, or a frame of one. */
export interface Slice {
  readonly imageId: string;
  readonly sopInstanceUid: string;
  /** 1-based. */
  readonly frame: number;
  readonly instanceNumber: number | null;
  /** Along the stack's normal, in mm. */
  readonly positionMm: number | null;
  readonly edges: Edges | null;
}

/** The patient's sides at the edges of an image: L R A P H F, the stronger axis first. */
export interface Edges {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

/** Why a series has nothing to draw. */
export type NoImages = 'report' | 'document' | 'waveform' | 'video' | 'other';

export interface SeriesSummary {
  readonly uid: string;
  readonly modality: string;
  readonly number: number | null;
  readonly description: string;
  readonly instanceCount: number;
}

export interface Series extends SeriesSummary {
  readonly slices: readonly Slice[];
  /** Set where `slices` is empty. */
  readonly noImages: NoImages | null;
  /** The instances that the server shows as pages, in the order of their numbers; only where `slices` is empty. */
  readonly pages: readonly string[];
}
