// Made by `make api-types`; do not edit. OpenAPI document sha256 d484fd16061e683aab5e6480dc12936f2a08e6e5c758dc98f75ddb0b6f9127c1

export interface paths {
    "/api/ecgs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List ECGs within reach, newest first. */
        get: {
            parameters: {
                query?: {
                    limit?: number;
                    before?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EcgPage"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ecgs/{ecg_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one ECG with its whole screening. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    ecg_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EcgDetailOut"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ecgs/{ecg_id}/paper.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one ECG on millimetre paper, as SVG. */
        get: {
            parameters: {
                query?: {
                    layout?: ("3x4" | "6x2" | "12x1") | null;
                    speed?: 25 | 50;
                    gain?: 5 | 10 | 20;
                };
                header?: never;
                path: {
                    ecg_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ecgs/{ecg_id}/waveform": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return up to a minute of one ECG's samples. */
        get: {
            parameters: {
                query?: {
                    start_s?: number;
                };
                header?: never;
                path: {
                    ecg_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WaveformOut"];
                    };
                };
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return who is signed in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionOut"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** @description Sign in with login and password. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionOut"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** @description End the session. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List studies within reach, newest first. */
        get: {
            parameters: {
                query?: {
                    limit?: number;
                    before?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StudyPage"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one study; that it was read is recorded. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StudyOut"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Draw one frame of an instance as a JPEG or PNG picture. */
        get: {
            parameters: {
                query?: {
                    viewport?: string | null;
                    window?: string | null;
                    quality?: number;
                    accept?: string | null;
                };
                header?: never;
                path: {
                    study: string;
                    series: string;
                    instance: string;
                    frames: number;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Draw the first frame of an instance as a JPEG or PNG picture. */
        get: {
            parameters: {
                query?: {
                    viewport?: string | null;
                    window?: string | null;
                    quality?: number;
                    accept?: string | null;
                };
                header?: never;
                path: {
                    study: string;
                    series: string;
                    instance: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Hear events; with ``after``, first those after that number, or ``resync``. */
        get: {
            parameters: {
                query?: {
                    after?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Any other refusal. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * EcgDetailOut
         * @description An ECG with its whole screening, and how the machine's words must be labelled.
         */
        EcgDetailOut: {
            /** Acquired At */
            acquired_at: string | null;
            /** Failure */
            failure: string | null;
            /** Findings */
            findings: components["schemas"]["FindingOut"][];
            /** Heart Rate Bpm */
            heart_rate_bpm: number | null;
            /** Id */
            id: string;
            institution: components["schemas"]["InstitutionRef"];
            /**
             * Notice En
             * @default Machine hint (for reference only, not a registered device)
             */
            notice_en: string;
            /**
             * Notice Zh
             * @default 机器分析提示（仅供参考，未注册）
             */
            notice_zh: string;
            patient: components["schemas"]["PatientOut"];
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Screening */
            screening: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            severity: components["schemas"]["RecordSeverity"] | null;
            /** Sop Instance Uid */
            sop_instance_uid: string;
            status: components["schemas"]["ScreeningStatus"];
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * EcgOut
         * @description An ECG as the list shows it.
         */
        EcgOut: {
            /** Acquired At */
            acquired_at: string | null;
            /** Findings */
            findings: components["schemas"]["FindingOut"][];
            /** Heart Rate Bpm */
            heart_rate_bpm: number | null;
            /** Id */
            id: string;
            institution: components["schemas"]["InstitutionRef"];
            patient: components["schemas"]["PatientOut"];
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            severity: components["schemas"]["RecordSeverity"] | null;
            /** Sop Instance Uid */
            sop_instance_uid: string;
            status: components["schemas"]["ScreeningStatus"];
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * EcgPage
         * @description One page of ECGs, newest first.
         */
        EcgPage: {
            /** Items */
            items: components["schemas"]["EcgOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * FiltersOut
         * @description Filters the file says were applied before it was written; null where it says nothing.
         */
        FiltersOut: {
            /** High Cut Hz */
            high_cut_hz: number | null;
            /** Low Cut Hz */
            low_cut_hz: number | null;
            /** Notch Hz */
            notch_hz: number | null;
        };
        /**
         * FindingOut
         * @description A machine's hint, as lists show it.
         */
        FindingOut: {
            /** Code */
            code: string;
            /** Severity */
            severity: string;
            /** Text En */
            text_en: string;
            /** Text Zh */
            text_zh: string;
        };
        /**
         * InstitutionOut
         * @description An institution as lists show it.
         */
        InstitutionOut: {
            /** Id */
            id: string;
            /** Name En */
            name_en: string;
            /** Name Zh */
            name_zh: string;
        };
        /**
         * InstitutionRef
         * @description An institution as others show it.
         */
        InstitutionRef: {
            /** Id */
            id: string;
            /** Name En */
            name_en: string;
            /** Name Zh */
            name_zh: string;
        };
        JsonValue: unknown;
        /**
         * PatientOut
         * @description A patient as lists show them.
         */
        PatientOut: {
            /** Age Years */
            age_years: number | null;
            /** Birth Date */
            birth_date: string | null;
            /** Name */
            name: string | null;
            /** Patient Id */
            patient_id: string | null;
            /** Sex */
            sex: string | null;
        };
        /**
         * PersonOut
         * @description The person who is signed in.
         */
        PersonOut: {
            /** Display Name */
            display_name: string;
            /** Id */
            id: string;
            institution: components["schemas"]["InstitutionOut"];
            /** Login */
            login: string;
            /** Roles */
            roles: components["schemas"]["Role"][];
        };
        /**
         * PreviewOut
         * @description The instance that stands for a study in a list.
         */
        PreviewOut: {
            /** Series Instance Uid */
            series_instance_uid: string;
            /** Sop Instance Uid */
            sop_instance_uid: string;
        };
        /**
         * Problem
         * @description What every error looks like (RFC 9457), with our stable ``code``.
         */
        Problem: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /**
         * RecordSeverity
         * @description How soon a physician must look at a recording, the soonest first.
         *
         *     A recording that cannot be judged stands above those that were judged and found harmless: the
         *     patient is perhaps still there to be recorded again, and nobody may take it for normal.
         * @enum {string}
         */
        RecordSeverity: "red" | "orange" | "uninterpretable" | "routine" | "normal";
        /**
         * Role
         * @description What a person does; a person may hold several at once (workflow.md).
         * @enum {string}
         */
        Role: "village_doctor" | "township_technician" | "township_doctor" | "nurse" | "county_reader" | "county_reviewer" | "county_duty" | "cath_team" | "stroke_team" | "chief_on_duty" | "emergency_doctor" | "city_expert" | "medical_office" | "quality_control" | "finance" | "health_bureau" | "system_administrator" | "auditor";
        /**
         * ScreeningStatus
         * @description Where the screening of one ECG stands.
         * @enum {string}
         */
        ScreeningStatus: "pending" | "screened" | "failed" | "off";
        /**
         * SessionOut
         * @description An open session; ``csrf_token`` belongs into the X-CSRF-Token header of unsafe requests.
         */
        SessionOut: {
            /** Csrf Token */
            csrf_token: string | null;
            person: components["schemas"]["PersonOut"];
        };
        /**
         * SignIn
         * @description What somebody shows who wants in.
         */
        SignIn: {
            /** Login */
            login: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * StudyOut
         * @description A study as the list shows it.
         */
        StudyOut: {
            /** Description */
            description: string | null;
            /** Id */
            id: string;
            /** Instance Count */
            instance_count: number;
            institution: components["schemas"]["InstitutionOut"];
            /** Modalities */
            modalities: string[];
            patient: components["schemas"]["PatientOut"];
            preview: components["schemas"]["PreviewOut"] | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Series Count */
            series_count: number;
            /** Study Date */
            study_date: string | null;
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * StudyPage
         * @description One page of studies, newest first.
         */
        StudyPage: {
            /** Items */
            items: components["schemas"]["StudyOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * WaveformOut
         * @description Up to a minute of samples, and what the device says of them.
         *
         *     ``samples`` is base64 of little-endian int16 of shape (leads, samples), lead after lead;
         *     -32768 marks what was not recorded. ``duration_s`` is the whole recording's.
         */
        WaveformOut: {
            /** Device */
            device: string | null;
            /** Device Statements */
            device_statements: string[];
            /** Duration S */
            duration_s: number;
            filters: components["schemas"]["FiltersOut"];
            /** Fs Hz */
            fs_hz: number;
            /** Leads */
            leads: string[];
            /** Samples */
            samples: string;
            /** Start S */
            start_s: number;
            /** Uv Per Unit */
            uv_per_unit: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
