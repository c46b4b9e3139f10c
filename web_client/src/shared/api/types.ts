import type { components } from './schema';

type Schemas = components['schemas'];

/** The wire types that pages speak of, by the server's own names. */
export type RequestOut = Schemas['RequestOut'];
export type WorklistPage = Schemas['WorklistPage'];
export type ReportOut = Schemas['ReportOut'];
export type ReportSummary = Schemas['ReportListItem'];
export type TemplateOut = Schemas['TemplateOut'];
export type ConsultOut = Schemas['ConsultOut'];
