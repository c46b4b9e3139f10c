import type { components } from './schema';

type S = components['schemas'];
interface Named {
  id: string;
  name_zh: string;
  name_en: string;
}
export interface RequestOut {
  id: string;
  kind: 'ecg' | 'imaging';
  status: string;
  risk: 'red' | 'orange' | 'uninterpretable' | 'routine';
  ringing: boolean;
  emergency: boolean;
  complaint: string | null;
  study_id: string;
  study_instance_uid: string;
  ecg_id: string | null;
  patient: S['PatientOut'];
  modalities: string[];
  description: string | null;
  examining: Named;
  diagnosing: Named;
  hints: { code: string; text_zh: string; text_en: string; severity: string }[];
  screening_status: string | null;
  images_complete: boolean;
  acquired_at: string | null;
  received_at: string;
  due_at: string;
  claimed_by: { id: string; display_name: string } | null;
  claimed_at: string | null;
  opened_at: string | null;
  return_reason: string | null;
  return_comment: string | null;
  preview: S['PreviewOut'] | null;
  series_count: number;
  instance_count: number;
  report: { id: string; status: string } | null;
  consult_id: string | null;
}
export interface WorklistPage {
  items: RequestOut[];
  next: string | null;
  counts: { red: number; orange: number; uninterpretable: number; routine: number };
}
export interface ReportSummary {
  id: string;
  request_id: string;
  study_id: string;
  kind: 'ecg' | 'imaging';
  status: string;
  version: number;
  critical: boolean | null;
  patient: S['PatientOut'];
  modalities: string[];
  description: string | null;
  impression: string;
  examining: Named;
  diagnosing: Named;
  author: { id: string; display_name: string };
  reviewer: { id: string; display_name: string } | null;
  signed_at: string | null;
  updated_at: string;
  document: boolean;
  acknowledged_at: string | null;
}
interface Person {
  id: string;
  display_name: string;
}
export interface ReportOut {
  id: string;
  request_id: string;
  status: string;
  revision: number;
  version: number;
  findings: string;
  impression: string;
  critical: boolean | null;
  author: Person | null;
  reviewer: Person | null;
  signed_at: string | null;
  amendment: string | null;
  amendment_reason: string | null;
  comments: { by: Person; at: string; text: string }[];
  blockers: string[];
  updated_at: string;
  document: boolean;
  acknowledged_at: string | null;
}
export interface TemplateOut {
  id: string;
  name_zh: string;
  name_en: string;
  findings: string;
  impression: string;
}
type OnReport<B> = {
  parameters: { path: { report_id: string } };
  post: {
    parameters: { path: { report_id: string } };
    requestBody?: { content: { 'application/json': B } };
    responses: Ok<ReportOut>;
  };
};
type Ok<T> = { 200: { headers: Record<string, unknown>; content: { 'application/json': T } } };
type Get<Q, T> = {
  parameters: { query?: Q };
  get: { parameters: { query?: Q }; responses: Ok<T> };
};
type OnRequest<B, T> = {
  parameters: { path: { request_id: string } };
  post: {
    parameters: { path: { request_id: string } };
    requestBody?: { content: { 'application/json': B } };
    responses: Ok<T>;
  };
};
export interface upcoming extends upcomingConsults {
  '/api/worklist': Get<
    {
      view?: string;
      kind?: string;
      risk?: string;
      institution_id?: string;
      q?: string;
      limit?: number;
      after?: string;
    },
    WorklistPage
  >;
  '/api/requests/{request_id}': {
    parameters: { path: { request_id: string } };
    get: { parameters: { path: { request_id: string } }; responses: Ok<RequestOut> };
    patch: {
      parameters: { path: { request_id: string } };
      requestBody: { content: { 'application/json': { complaint?: string; emergency?: boolean } } };
      responses: Ok<RequestOut>;
    };
  };
  '/api/requests/{request_id}/claim': OnRequest<Record<string, never>, RequestOut>;
  '/api/requests/{request_id}/release': OnRequest<Record<string, never>, RequestOut>;
  '/api/requests/{request_id}/open': OnRequest<Record<string, never>, RequestOut>;
  '/api/requests/{request_id}/resume': OnRequest<Record<string, never>, RequestOut>;
  '/api/requests/{request_id}/return': OnRequest<{ reason: string; comment: string }, RequestOut>;
  '/api/reports': Get<
    { view?: string; limit?: number; before?: string },
    { items: ReportSummary[]; next: string | null }
  >;
  '/api/report-templates': Get<{ kind?: string; modality?: string }, TemplateOut[]>;
  '/api/requests/{request_id}/report': {
    parameters: { path: { request_id: string } };
    get: { parameters: { path: { request_id: string } }; responses: Ok<ReportOut> };
    put: {
      parameters: { path: { request_id: string } };
      requestBody: {
        content: {
          'application/json': {
            findings: string;
            impression: string;
            critical: boolean | null;
            base_revision: number;
          };
        };
      };
      responses: Ok<ReportOut>;
    };
  };
  '/api/reports/{report_id}/submit': OnReport<Record<string, never>>;
  '/api/reports/{report_id}/return': OnReport<{ comment: string }>;
  '/api/reports/{report_id}/sign': OnReport<Record<string, never>>;
  '/api/reports/{report_id}/amend': OnReport<{ reason: string; kind: 'amended' | 'corrected' | 'appended' }>;
  '/api/reports/{report_id}/acknowledge': {
    parameters: { path: { report_id: string } };
    post: { parameters: { path: { report_id: string } }; responses: Ok<ReportSummary> };
  };
}
interface Person {
  id: string;
  display_name: string;
}
export interface ConsultOut {
  id: string;
  request_id: string;
  study_id: string;
  study_instance_uid: string;
  kind: string;
  patient: S['PatientOut'];
  opened_by: Person;
  opened_at: string;
  closed_at: string | null;
  participants: (Person & { institution: Named })[];
  ice_servers: { urls: string; username: string | null; credential: string | null }[];
}
type OfConsult<M extends string> = {
  parameters: { path: { consult_id: string } };
} & { [K in M]: { parameters: { path: { consult_id: string } }; responses: Ok<ConsultOut> } };
export interface upcomingConsults {
  '/api/consults': Get<Record<string, never>, { items: ConsultOut[] }>;
  '/api/consults/{consult_id}': OfConsult<'get'>;
  '/api/consults/{consult_id}/close': OfConsult<'post'>;
  '/api/requests/{request_id}/consult': OnRequest<Record<string, never>, ConsultOut>;
}
