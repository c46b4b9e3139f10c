import type { Api } from './api';
import { h, replace } from './dom';
import type { Translator } from './i18n/translator';
import { button, notice } from './parts';

/** One image of the server with its waiting and its failure. What was shown before is gone at once: no picture may stand under another's name. */
export class Picture {
  readonly element: HTMLElement;
  private url: string | null = null;
  private readonly api: Api;
  private readonly tr: Translator;

  constructor(api: Api, tr: Translator, cls: string) {
    this.api = api;
    this.tr = tr;
    this.element = h('div', { class: `picture ${cls}` });
  }

  show(url: string, alt: string): void {
    this.url = url;
    const image = h('img', { alt, draggable: 'false' });
    image.hidden = true;
    image.addEventListener('load', () => {
      image.hidden = false;
      waiting.remove();
    });
    image.addEventListener('error', () => void this.failed(url, alt));
    const waiting = h('p', { class: 'waiting', role: 'status' }, this.tr.t('image.loading'));
    replace(this.element, waiting, image);
    image.src = url;
  }

  say(content: Node): void {
    this.url = null;
    replace(this.element, content);
  }

  clear(): void {
    this.url = null;
    replace(this.element);
  }

  private async failed(url: string, alt: string): Promise<void> {
    const problem = await this.api.whyImageFailed(url);
    if (this.url !== url) return;
    const retry = button(this.tr.t('action.retry'), () => this.show(url, alt), 'p');
    const hopeless = problem.code === 'image-unreadable' || problem.status === 404;
    const actions = hopeless ? [] : [retry];
    replace(this.element, notice('tri', this.tr.t('image.failed'), [this.tr.problem(problem)], ...actions));
  }
}
