// Made by `make api-types`; do not edit. OpenAPI document sha256 db30512e41d661e02f27668814dba0caf83c995a6a7b13f9374b1294ca8e323b

export interface paths {
    "/api/consults": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the open consults within reach, newest first. */
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
                        "application/json": components["schemas"]["ConsultPage"];
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
    "/api/consults/{consult_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one consult, with fresh credentials for its ICE servers. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    consult_id: string;
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
                        "application/json": components["schemas"]["ConsultOut"];
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
    "/api/consults/{consult_id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Close a consult; its room is empty within seconds. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    consult_id: string;
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
                        "application/json": components["schemas"]["ConsultOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List deletions, newest first; without a state, those under way. */
        get: {
            parameters: {
                query?: {
                    state?: components["schemas"]["DeletionState"][];
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
                        "application/json": components["schemas"]["DeletionPage"];
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
    "/api/deletions/{deletion_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Decide on a deletion: another than who asked for it approves it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    deletion_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeletionOut"];
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
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deletions/{deletion_id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Decide on a deletion: another than who asked for it approves it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    deletion_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeletionOut"];
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
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deletions/{deletion_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Decide on a deletion: another than who asked for it approves it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    deletion_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeletionOut"];
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
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/deletions/{deletion_id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Decide on a deletion: another than who asked for it approves it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    deletion_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeletionOut"];
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
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the devices of the community, those switched off too, and who was refused. */
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
                        "application/json": components["schemas"]["DeviceList"];
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
        /** @description Register a device; it may call within seconds. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["DeviceIn"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeviceOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** @description Change a device; it holds within seconds, and ends associations that may not stay. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    device_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["DevicePatch"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
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
                409: {
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
        trace?: never;
    };
    "/api/devices/{device_id}/echo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Echo a device where it is registered to listen. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    device_id: string;
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
                        "application/json": components["schemas"]["TrialOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/devices/{device_id}/sample": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Send a device a test image where it is registered to listen. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    device_id: string;
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
                        "application/json": components["schemas"]["TrialOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
        /**
         * @description Take an ECG in: the body is the file, in any format that is read (a WFDB record as zip).
         *
         *     201 where it is new, 200 where the same file had come before. It is safe, indexed, found
         *     over DICOMweb and on its way to be screened.
         */
        post: {
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
                        "application/json": components["schemas"]["EcgReceivedOut"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EcgReceivedOut"];
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
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                503: {
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
    "/api/ecgs/{ecg_id}/original": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return the file of one ECG exactly as it arrived, in the format it arrived in. */
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
                        "*/*": string;
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
                503: {
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
        /** @description Return one ECG on millimetre paper, as SVG: an A4 page, 250 mm from ``start_s``. */
        get: {
            parameters: {
                query?: {
                    layout?: ("3x4" | "6x2" | "12x1") | null;
                    speed?: "12.5" | "25" | "50";
                    gain?: "5" | "10" | "20";
                    start_s?: number;
                    display_filter?: components["schemas"]["DisplayFilter"];
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
                        "*/*": string;
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
    "/api/ecgs/{ecg_id}/previous": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return the patient's ECG before this one, and what changed since. */
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
                        "application/json": components["schemas"]["PreviousOut"];
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
    "/api/forwarding/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the devices objects may be sent to, and what waits for each. */
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
                        "application/json": components["schemas"]["DestinationList"];
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
    "/api/forwarding/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the studies on their way, what changed last first. */
        get: {
            parameters: {
                query?: {
                    state?: components["schemas"]["JobState"] | null;
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
                        "application/json": components["schemas"]["ForwardJobPage"];
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
        /** @description Send a whole study to a destination, whatever the routes say; what it has, again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["StudySendingIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ForwardJobDetailOut"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/forwarding/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one, with what was not taken. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job_id: string;
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
                        "application/json": components["schemas"]["ForwardJobDetailOut"];
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
        /** @description Give up what the destination does not have yet. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
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
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/forwarding/jobs/{job_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Try everything of it again now, what was refused for good, too. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    job_id: string;
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
                        "application/json": components["schemas"]["ForwardJobDetailOut"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/forwarding/routes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the routes of the community, the oldest first. */
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
                        "application/json": components["schemas"]["RouteList"];
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
        /** @description Make a route; it holds within five seconds for what arrives from then on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RouteIn"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RouteOut"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/forwarding/routes/{route_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description Make a route another one; what is queued already goes on. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    route_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RouteIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RouteOut"];
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
        post?: never;
        /** @description Take a route back; what is queued already goes on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    route_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
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
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Find the records of a person, by number or part of the name. */
        get: {
            parameters: {
                query: {
                    text: string;
                    limit?: number;
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
                        "application/json": components["schemas"]["PatientRecordPage"];
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
    "/api/patients/{patient_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one record, with what it was merged with. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    patient_id: string;
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
                        "application/json": components["schemas"]["PatientRecordOut"];
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
    "/api/patients/{patient_id}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Give a record up for another of the same person: its studies are shown there. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    patient_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["MergeIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PatientRecordOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/patients/{patient_id}/studies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description List the studies of a patient's record, deleted ones as well, with how they are kept.
         *
         *     That each was read is recorded.
         */
        get: {
            parameters: {
                query?: {
                    limit?: number;
                    before?: string | null;
                };
                header?: never;
                path: {
                    patient_id: string;
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
                        "application/json": components["schemas"]["KeptStudyPage"];
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
    "/api/patients/{patient_id}/unmerge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Undo a record's merge: its studies are shown as they came. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    patient_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["UnmergeIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PatientRecordOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List what the own institution sent and was refused, newest first. */
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
                        "application/json": components["schemas"]["QuarantinePage"];
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
    "/api/rejections/{rejection_id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Show again what a rejection note took out of use. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    rejection_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "*/*": string;
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/report-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List texts to begin a report with. */
        get: {
            parameters: {
                query?: {
                    kind?: components["schemas"]["RequestKind"] | null;
                    modality?: string | null;
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
                        "application/json": components["schemas"]["TemplateList"];
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
    "/api/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List reports that the person's institution writes or was given, newest first. */
        get: {
            parameters: {
                query?: {
                    view?: components["schemas"]["ReportView"];
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
                        "application/json": components["schemas"]["ReportPage"];
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
    "/api/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return a report. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
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
                        "application/json": components["schemas"]["ReportOut"];
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
    "/api/reports/{report_id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Record that the examining side has received the latest version. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReceiptIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report_id}/amend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Open an issued report for a change. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["AmendIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report_id}/document.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return a version as PDF/A-2b, the latest by default. */
        get: {
            parameters: {
                query?: {
                    version?: number | null;
                };
                header?: never;
                path: {
                    report_id: string;
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
                        "*/*": string;
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
                503: {
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
    "/api/reports/{report_id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Give a submitted report back to its author, with a comment. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["CommentIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report_id}/sign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Make a report final. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["SeenIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                503: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report_id}/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Submit a draft for review. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["SeenIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reports/{report_id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the versions that were issued, the newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    report_id: string;
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
                        "application/json": components["schemas"]["VersionList"];
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
    "/api/requests/{request_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one request; that it was read is recorded. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["RequestOut"];
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
        /** @description Change what the examining side says of it. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RequestPatch"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RequestOut"];
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
                409: {
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
        trace?: never;
    };
    "/api/requests/{request_id}/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Take a request to read it; a red one falls silent for all. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["RequestOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/consult": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Open a consult about a case, or return the one that is open. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["ConsultOut"];
                    };
                };
                403: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Say that the claimant looks at it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["RequestOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Give a request back to all. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["RequestOut"];
                    };
                };
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return the report of a request. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["ReportOut"];
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
        /** @description Keep what the person who holds the case has written. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["DraftIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ReportOut"];
                    };
                };
                403: {
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
                409: {
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Say at the examining side that what was asked for is done. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
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
                        "application/json": components["schemas"]["RequestOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Return a request to the examining side, with a reason to act on. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    request_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReturnIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RequestOut"];
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
                403: {
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scheduled-exams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List the institution's scheduled examinations within days, the next first. */
        get: {
            parameters: {
                query?: {
                    first?: string | null;
                    last?: string | null;
                    status?: components["schemas"]["ExamStatus"];
                    limit?: number;
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
                        "application/json": components["schemas"]["ScheduledExamList"];
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
        /** @description Put an examination on the worklist that the institution's devices ask for. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ScheduledExamIn"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ScheduledExamOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/scheduled-exams/{exam_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return one scheduled examination. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    exam_id: string;
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
                        "application/json": components["schemas"]["ScheduledExamOut"];
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
    "/api/scheduled-exams/{exam_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Take an examination off the worklist. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    exam_id: string;
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
                        "application/json": components["schemas"]["ScheduledExamOut"];
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
                409: {
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
                        "*/*": string;
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
    "/api/studies/{study_id}/deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Ask that a study be deleted; somebody else approves it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LifecycleOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description Return a study as a ZIP with DICOMDIR; that it was exported is recorded.
         *
         *     De-identified by PS3.15 Annex E if asked, with options of its profile. Objects with writing
         *     in their pixels are refused (409) or left out.
         */
        get: {
            parameters: {
                query?: {
                    deidentify?: boolean;
                    option?: components["schemas"]["Option"][];
                    leave_out_burned_in?: boolean;
                };
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
                        "*/*": string;
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
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                413: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["Problem"];
                    };
                };
                503: {
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
    "/api/studies/{study_id}/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Put a study, or its whole patient, under legal hold. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["HoldIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LifecycleOut"];
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
                409: {
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study_id}/holds/{hold_id}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Lift a legal hold. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study_id: string;
                    hold_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ReasonIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LifecycleOut"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study_id}/lifecycle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Return how long a study is kept, its holds and its deletions. */
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
                        "application/json": components["schemas"]["LifecycleOut"];
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
    "/api/studies/{study_id}/recall": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Have a study's objects moved back from the cold store. */
        post: {
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
                        "application/json": components["schemas"]["LifecycleOut"];
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
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/studies/{study_id}/rejections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List what rejection notes took out of use of one study. */
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
                        "application/json": components["schemas"]["RejectionList"];
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
    "/api/studies/{study_id}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description Choose the class a study is kept by. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    study_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["RetentionIn"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LifecycleOut"];
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
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/worklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description List requests within reach, the most urgent first; closed ones the newest first. */
        get: {
            parameters: {
                query?: {
                    view?: components["schemas"]["View"];
                    kind?: components["schemas"]["RequestKind"] | null;
                    risk?: components["schemas"]["Risk"] | null;
                    institution_id?: string | null;
                    ringing?: boolean;
                    q?: string | null;
                    limit?: number;
                    after?: string | null;
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
                        "application/json": components["schemas"]["WorklistPage"];
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
        /** @description Draw frames of an instance as JPEG, PNG or GIF pictures, several in an envelope. */
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
                    frames: string;
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
        /**
         * @description Give an instance as a browser shows it.
         *
         *     The first frame of an image is drawn as a JPEG or PNG picture, all of them as a GIF or,
         *     where an envelope is asked for, one a part; a structured report is written as an HTML
         *     page; an encapsulated PDF and video are given as they are.
         */
        get: {
            parameters: {
                query?: {
                    viewport?: string | null;
                    window?: string | null;
                    quality?: number;
                    accept?: string | null;
                    language?: components["schemas"]["Language"] | null;
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
         * AddressIO
         * @description Where a device listens.
         */
        AddressIO: {
            /** Host */
            host: string;
            /** Port */
            port: number;
            /**
             * Tls
             * @default false
             */
            tls?: boolean;
        };
        /**
         * AmendIn
         * @description Why an issued report is changed, and how.
         */
        AmendIn: {
            /** @default amended */
            kind?: components["schemas"]["AmendmentKind"];
            /** Reason */
            reason: string;
            /** Revision */
            revision: number;
        };
        /**
         * AmendmentKind
         * @description How an issued report is changed (FHIR R4 DiagnosticReport.status).
         * @enum {string}
         */
        AmendmentKind: "amended" | "corrected" | "appended";
        /**
         * Blocker
         * @description Why the person who asks may not sign now.
         * @enum {string}
         */
        Blocker: "already-issued" | "withdrawn" | "findings-empty" | "impression-empty" | "blank-left" | "critical-undecided" | "appended-text-changed" | "not-submitted" | "not-claimant" | "on-hold" | "author-cannot-review" | "role-missing" | "other-institution" | "licence-missing" | "licence-expired" | "not-independent";
        /**
         * CommentIn
         * @description What a reviewer says on giving a report back.
         */
        CommentIn: {
            /** Comment */
            comment: string;
            /** Revision */
            revision: number;
        };
        /**
         * CommentOut
         * @description What a reviewer said.
         */
        CommentOut: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            by: components["schemas"]["PersonRef"];
            /** Text */
            text: string;
        };
        /**
         * ConsultOut
         * @description A consult, and how a browser reaches its room: ``/rtc/{id}``.
         */
        ConsultOut: {
            /** Closed At */
            closed_at: string | null;
            /** Ice Servers */
            ice_servers: components["schemas"]["IceServer"][];
            /** Id */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Opened At
             * Format: date-time
             */
            opened_at: string;
            opened_by: components["schemas"]["PersonRef"];
            /** Participants */
            participants: components["schemas"]["PresentOut"][];
            patient: components["schemas"]["PatientOut"];
            /** Request Id */
            request_id: string;
            /** Study Id */
            study_id: string;
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * ConsultPage
         * @description The open consults within reach, newest first.
         */
        ConsultPage: {
            /** Items */
            items: components["schemas"]["ConsultOut"][];
        };
        /**
         * DeletionOut
         * @description A deletion as it stands.
         */
        DeletionOut: {
            /** Decided At */
            decided_at: string | null;
            /** Decided By */
            decided_by: string | null;
            /** Decision Reason */
            decision_reason: string | null;
            /** Id */
            id: string;
            /** Purge After */
            purge_after: string | null;
            /** Purged At */
            purged_at: string | null;
            /** Reason */
            reason: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /** Requested By */
            requested_by: string;
            state: components["schemas"]["DeletionState"];
            /** Study Pk */
            study_pk: string;
        };
        /**
         * DeletionPage
         * @description A page of deletions, newest first.
         */
        DeletionPage: {
            /** Items */
            items: components["schemas"]["ListedDeletionOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * DeletionState
         * @description Where a deletion stands.
         * @enum {string}
         */
        DeletionState: "requested" | "rejected" | "withdrawn" | "approved" | "restored" | "purging" | "purged";
        /**
         * DestinationList
         * @description The registered destinations of a community.
         */
        DestinationList: {
            /** Items */
            items: components["schemas"]["DestinationOut"][];
        };
        /**
         * DestinationOut
         * @description A registered destination, and whether it takes objects.
         */
        DestinationOut: {
            /** Ae Title */
            ae_title: string;
            /** Failed */
            failed: number;
            /** Failures */
            failures: number;
            /** Host */
            host: string;
            /** Id */
            id: string;
            /** Out Since */
            out_since: string | null;
            /** Port */
            port: number;
            /** Reason */
            reason: string | null;
            /** Retry At */
            retry_at: string | null;
            /** Tls */
            tls: boolean;
            /** Waiting */
            waiting: number;
        };
        /**
         * DeviceCharset
         * @description What a device can read, by the defined term of PS3.3 C.12.1.1.2.
         * @enum {string}
         */
        DeviceCharset: "ISO_IR 192" | "GB18030" | "GBK" | "ISO_IR 6";
        /**
         * DeviceIn
         * @description A device to be registered.
         */
        DeviceIn: {
            /** @default null */
            address?: components["schemas"]["AddressIO"] | null;
            /** Ae Title */
            ae_title: string;
            /**
             * Associations Per Minute
             * @default null
             */
            associations_per_minute?: number | null;
            /**
             * Bytes Per Hour
             * @default null
             */
            bytes_per_hour?: number | null;
            /**
             * Certificate Subject
             * @default null
             */
            certificate_subject?: string | null;
            /**
             * Certificates Sha256
             * @description SHA-256 fingerprints of which its TLS certificate has one; none: any
             * @default []
             */
            certificates_sha256?: string[];
            /** @default null */
            charset?: components["schemas"]["DeviceCharset"] | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Institution
             * @description code of its institution
             */
            institution: string;
            /**
             * May Query
             * @default false
             */
            may_query?: boolean;
            /**
             * May See Worklist
             * @default false
             */
            may_see_worklist?: boolean;
            /**
             * Networks
             * @description addresses and networks it calls from; none: from anywhere
             * @default []
             */
            networks?: string[];
            /**
             * Objects Per Minute
             * @default null
             */
            objects_per_minute?: number | null;
            /**
             * Passcode
             * @default null
             */
            passcode?: string | null;
            /**
             * Username
             * @description the user it must say it is
             * @default null
             */
            username?: string | null;
        };
        /**
         * DeviceList
         * @description The devices of a community, what they call, where they may belong, and who was refused.
         */
        DeviceList: {
            /** Institutions */
            institutions: components["schemas"]["HomeOut"][];
            /** Items */
            items: components["schemas"]["DeviceOut"][];
            node: components["schemas"]["NodeOut"];
            /** Strangers */
            strangers: components["schemas"]["StrangerOut"][];
        };
        /**
         * DeviceOut
         * @description A device as its administrator sees it; a budget of null is the usual one.
         */
        DeviceOut: {
            address: components["schemas"]["AddressIO"] | null;
            /** Ae Title */
            ae_title: string;
            /** Associations Per Minute */
            associations_per_minute: number | null;
            /** Bytes Per Hour */
            bytes_per_hour: number | null;
            /** Certificate Subject */
            certificate_subject: string | null;
            /** Certificates Sha256 */
            certificates_sha256: string[];
            charset: components["schemas"]["DeviceCharset"] | null;
            /** Description */
            description: string | null;
            /** Disabled At */
            disabled_at: string | null;
            /** Has Passcode */
            has_passcode: boolean;
            /** Id */
            id: string;
            /** Institution Id */
            institution_id: string;
            /** Last Called At */
            last_called_at: string | null;
            /** May Query */
            may_query: boolean;
            /** May See Worklist */
            may_see_worklist: boolean;
            /** Networks */
            networks: string[];
            /** Objects Per Minute */
            objects_per_minute: number | null;
            /** Username */
            username: string | null;
        };
        /**
         * DevicePatch
         * @description What shall be otherwise: what is left out stays; an empty value or 0 takes it away.
         */
        DevicePatch: {
            /** @default null */
            address?: components["schemas"]["AddressIO"] | null;
            /**
             * Associations Per Minute
             * @default null
             */
            associations_per_minute?: number | null;
            /**
             * Bytes Per Hour
             * @default null
             */
            bytes_per_hour?: number | null;
            /**
             * Certificate Subject
             * @default null
             */
            certificate_subject?: string | null;
            /**
             * Certificates Sha256
             * @description SHA-256 fingerprints of which its TLS certificate has one; none: any
             * @default null
             */
            certificates_sha256?: string[] | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Is Enabled
             * @default null
             */
            is_enabled?: boolean | null;
            /**
             * May Query
             * @default null
             */
            may_query?: boolean | null;
            /**
             * May See Worklist
             * @default null
             */
            may_see_worklist?: boolean | null;
            /**
             * Networks
             * @description addresses and networks it calls from; none: from anywhere
             * @default null
             */
            networks?: string[] | null;
            /**
             * Objects Per Minute
             * @default null
             */
            objects_per_minute?: number | null;
            /**
             * Passcode
             * @default null
             */
            passcode?: string | null;
            /**
             * Username
             * @default null
             */
            username?: string | null;
        };
        /**
         * DisplayFilter
         * @description What may be filtered away where an ECG is drawn, as monitors and carts offer it.
         * @enum {string}
         */
        DisplayFilter: "none" | "low-35" | "low-100" | "high-0.05" | "high-0.5" | "notch-50" | "band-0.5-35";
        /**
         * DraftIn
         * @description What a reader has written, over the revision they saw; 0 where there was none.
         */
        DraftIn: {
            /** Base Revision */
            base_revision: number;
            /**
             * Critical
             * @default null
             */
            critical?: boolean | null;
            /** Findings */
            findings: string;
            /** Impression */
            impression: string;
        };
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
            notice_en?: string;
            /**
             * Notice Zh
             * @default 机器分析提示（仅供参考，未注册）
             */
            notice_zh?: string;
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
         * EcgReceivedOut
         * @description An ECG that was taken in, as DICOM has it; what was sent is kept beside it.
         *
         *     ``id`` is null for an ECG that came before records of ECGs were kept. ``sha256`` is of the bytes
         *     sent; ``duplicate`` says that the same file had come before.
         */
        EcgReceivedOut: {
            /** Duplicate */
            duplicate: boolean;
            /** Id */
            id: string | null;
            /** Series Instance Uid */
            series_instance_uid: string;
            /** Sha256 */
            sha256: string;
            /** Sop Instance Uid */
            sop_instance_uid: string;
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * ExamStatus
         * @description Where a scheduled examination stands.
         * @enum {string}
         */
        ExamStatus: "scheduled" | "performed" | "cancelled";
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
         * ForwardJobDetailOut
         * @description A study on its way, and what was not taken, at most 100 objects.
         */
        ForwardJobDetailOut: {
            job: components["schemas"]["ForwardJobOut"];
            /** Troubles */
            troubles: components["schemas"]["TroubleOut"][];
        };
        /**
         * ForwardJobOut
         * @description A study on its way to a destination; counts are of objects.
         */
        ForwardJobOut: {
            /**
             * Changed At
             * Format: date-time
             */
            changed_at: string;
            /** Destination Ae */
            destination_ae: string;
            /** Destination Id */
            destination_id: string;
            /** Due At */
            due_at: string | null;
            /** Failed */
            failed: number;
            /** Id */
            id: string;
            priority: components["schemas"]["Priority"];
            /**
             * Queued At
             * Format: date-time
             */
            queued_at: string;
            /** Reason */
            reason: string | null;
            /** Sending */
            sending: boolean;
            /** Sent */
            sent: number;
            state: components["schemas"]["JobState"];
            /** Study Id */
            study_id: string;
            /** Study Instance Uid */
            study_instance_uid: string;
            /** Waiting */
            waiting: number;
        };
        /**
         * ForwardJobPage
         * @description One page of the outgoing queue, what changed last first.
         */
        ForwardJobPage: {
            /** Items */
            items: components["schemas"]["ForwardJobOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * HoldIn
         * @description Whom a hold covers, and why.
         */
        HoldIn: {
            /** Reason */
            reason: string;
            /**
             * Whole Patient
             * @default false
             */
            whole_patient?: boolean;
        };
        /**
         * HoldOut
         * @description A legal hold.
         */
        HoldOut: {
            /** Id */
            id: string;
            /** Lift Reason */
            lift_reason: string | null;
            /** Lifted At */
            lifted_at: string | null;
            /** Lifted By */
            lifted_by: string | null;
            /**
             * Placed At
             * Format: date-time
             */
            placed_at: string;
            /** Placed By */
            placed_by: string;
            /** Reason */
            reason: string;
            /** Study Pk */
            study_pk: string;
            /** Whole Patient */
            whole_patient: boolean;
        };
        /**
         * HomeOut
         * @description An institution that devices may belong to.
         */
        HomeOut: {
            /** Code */
            code: string;
            /** Id */
            id: string;
            /** Name En */
            name_en: string;
            /** Name Zh */
            name_zh: string;
        };
        /**
         * IceServer
         * @description A server as ``RTCPeerConnection`` takes it.
         */
        IceServer: {
            /**
             * Credential
             * @default null
             */
            credential?: string | null;
            /** Urls */
            urls: string[];
            /**
             * Username
             * @default null
             */
            username?: string | null;
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
        /**
         * JobState
         * @description Where a study on its way stands.
         * @enum {string}
         */
        JobState: "waiting" | "failed" | "done";
        JsonValue: unknown;
        /**
         * KeepingInstitutionOut
         * @description The institution that a record first came from.
         */
        KeepingInstitutionOut: {
            /** Id */
            id: string;
            /** Name En */
            name_en: string;
            /** Name Zh */
            name_zh: string;
        };
        /**
         * KeptStudyOut
         * @description A study, and what was decided on its keeping.
         */
        KeptStudyOut: {
            /** Holders */
            holders: {
                [key: string]: string;
            };
            lifecycle: components["schemas"]["LifecycleOut"];
            study: components["schemas"]["StudyOut"];
        };
        /**
         * KeptStudyPage
         * @description A page of the studies of a patient's record, newest first, deleted ones as well.
         */
        KeptStudyPage: {
            /** Items */
            items: components["schemas"]["KeptStudyOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * Language
         * @description Of a page.
         * @enum {string}
         */
        Language: "zh" | "en";
        /**
         * LifecycleOut
         * @description How long a study is kept, and what stands in the way of its deletion.
         */
        LifecycleOut: {
            /** Cold Since */
            cold_since: string | null;
            /** Deletions */
            deletions: components["schemas"]["DeletionOut"][];
            /** Holds */
            holds: components["schemas"]["HoldOut"][];
            /** Is Hidden */
            is_hidden: boolean;
            /**
             * Last Visit
             * Format: date
             */
            last_visit: string;
            /**
             * Retained Until
             * Format: date
             */
            retained_until: string;
            retention_class: components["schemas"]["RetentionClass"];
            /** Study Id */
            study_id: string;
        };
        /**
         * ListedDeletionOut
         * @description A deletion as lists show it: of what, and who decides.
         */
        ListedDeletionOut: {
            /** Decided At */
            decided_at: string | null;
            /** Decided By */
            decided_by: string | null;
            /** Decided By Name */
            decided_by_name: string | null;
            /** Decision Reason */
            decision_reason: string | null;
            /** Id */
            id: string;
            /** Purge After */
            purge_after: string | null;
            /** Purged At */
            purged_at: string | null;
            /** Reason */
            reason: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /** Requested By */
            requested_by: string;
            /** Requested By Name */
            requested_by_name: string | null;
            state: components["schemas"]["DeletionState"];
            study: components["schemas"]["StudyOut"];
            /** Study Pk */
            study_pk: string;
        };
        /**
         * MedianBeatOut
         * @description A dominant median beat, to be laid over another recording's beats.
         *
         *     ``traces_mv`` by lead, zero before QRS; ``r`` is the sample that stands at an R wave.
         */
        MedianBeatOut: {
            /** Fs Hz */
            fs_hz: number;
            /** R */
            r: number;
            /** Traces Mv */
            traces_mv: {
                [key: string]: number[];
            };
        };
        /**
         * MergeIn
         * @description Into whom, and why.
         */
        MergeIn: {
            /** Into */
            into: string;
            /** Reason */
            reason: string;
        };
        /**
         * NodeOut
         * @description What is entered at a device that shall call us; the host is the one people type.
         */
        NodeOut: {
            /** Ae Title */
            ae_title: string;
            /** Port */
            port: number;
            /** Tls Port */
            tls_port: number | null;
        };
        /**
         * Option
         * @description An option of the profile (PS3.15 E.3).
         * @enum {string}
         */
        Option: "retain-safe-private" | "retain-uids" | "retain-device" | "retain-institution" | "retain-patient" | "retain-full-dates" | "retain-modified-dates" | "clean-descriptors" | "clean-structured" | "clean-graphics";
        /**
         * PatientMergeOut
         * @description One merge, and its undoing if there was one.
         */
        PatientMergeOut: {
            /** Into Pk */
            into_pk: string;
            /**
             * Merged At
             * Format: date-time
             */
            merged_at: string;
            /** Merged By */
            merged_by: string;
            /** Patient Pk */
            patient_pk: string;
            /** Reason */
            reason: string;
            /** Undo Reason */
            undo_reason: string | null;
            /** Undone At */
            undone_at: string | null;
            /** Undone By */
            undone_by: string | null;
        };
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
         * PatientRecordOut
         * @description A patient's record as one issuer keeps it.
         */
        PatientRecordOut: {
            /** Birth Date */
            birth_date: string | null;
            /** Id */
            id: string;
            /** Identifier */
            identifier: string;
            institution: components["schemas"]["KeepingInstitutionOut"];
            /** Issuer */
            issuer: string;
            /** Merges */
            merges: components["schemas"]["PatientMergeOut"][];
            /** Name */
            name: string | null;
            /** Sex */
            sex: string | null;
            /** Study Count */
            study_count: number;
            /** Survivor Id */
            survivor_id: string;
        };
        /**
         * PatientRecordPage
         * @description Records that were found.
         */
        PatientRecordPage: {
            /** Items */
            items: components["schemas"]["PatientRecordOut"][];
            /** More */
            more: boolean;
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
         * PersonRef
         * @description A person as others show them.
         */
        PersonRef: {
            /** Display Name */
            display_name: string;
            /** Id */
            id: string;
        };
        /**
         * PresentOut
         * @description A person who is in the room.
         */
        PresentOut: {
            /** Display Name */
            display_name: string;
            /** Id */
            id: string;
            institution: components["schemas"]["InstitutionRef"];
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
         * PreviousOut
         * @description The patient's ECG before this one, and what changed since.
         *
         *     ``comparison`` is the JSON object of ``ecg compare --json``; null where there is no previous
         *     one, or one of the two was not screened. ``median`` is the previous recording's.
         */
        PreviousOut: {
            /** Comparison */
            comparison: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            median: components["schemas"]["MedianBeatOut"] | null;
            /**
             * Notice En
             * @default Machine hint (for reference only, not a registered device)
             */
            notice_en?: string;
            /**
             * Notice Zh
             * @default 机器分析提示（仅供参考，未注册）
             */
            notice_zh?: string;
            previous: components["schemas"]["EcgOut"] | null;
        };
        /**
         * Priority
         * @description What goes first, and is told to the destination (PS3.7 9.1.1.1.4).
         * @enum {string}
         */
        Priority: "high" | "medium" | "low";
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
         * QuarantinePage
         * @description One page of the quarantine, newest first.
         */
        QuarantinePage: {
            /** Items */
            items: components["schemas"]["QuarantinedOut"][];
            /** Next */
            next: string | null;
        };
        /**
         * QuarantinedOut
         * @description An object that was refused and is kept for review.
         */
        QuarantinedOut: {
            /** Detail */
            detail: string;
            /** Id */
            id: string;
            /** Institution Id */
            institution_id: string;
            /** Reason */
            reason: string;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Size */
            size: number | null;
            /** Sop Instance Uid */
            sop_instance_uid: string | null;
            /** Source */
            source: string;
        };
        /**
         * ReasonIn
         * @description Why.
         */
        ReasonIn: {
            /** Reason */
            reason: string;
        };
        /**
         * ReceiptIn
         * @description The version that the examining side has before its eyes.
         */
        ReceiptIn: {
            /** Version */
            version: number;
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
         * RejectedObjectOut
         * @description An instance that a note names.
         */
        RejectedObjectOut: {
            /** Hidden */
            hidden: boolean;
            /** Series Instance Uid */
            series_instance_uid: string | null;
            /** Sop Instance Uid */
            sop_instance_uid: string;
        };
        /**
         * RejectionList
         * @description The rejection notes about a study, the newest first.
         */
        RejectionList: {
            /** Items */
            items: components["schemas"]["RejectionOut"][];
        };
        /**
         * RejectionOut
         * @description A rejection note (IHE RAD, Imaging Object Change Management).
         */
        RejectionOut: {
            /** Id */
            id: string;
            institution: components["schemas"]["InstitutionOut"];
            /** Objects */
            objects: components["schemas"]["RejectedObjectOut"][];
            reason: components["schemas"]["RejectionReason"];
            /**
             * Rejected At
             * Format: date-time
             */
            rejected_at: string;
            /** Rejected By */
            rejected_by: string;
            /** Revoked At */
            revoked_at: string | null;
            /** Sop Instance Uid */
            sop_instance_uid: string;
        };
        /**
         * RejectionReason
         * @description Why objects are rejected, by its code in DCM, the strictest first.
         * @enum {string}
         */
        RejectionReason: "113037" | "113038" | "113039" | "113001";
        /**
         * ReportListItem
         * @description A report as lists show it.
         */
        ReportListItem: {
            /** Acknowledged At */
            acknowledged_at: string | null;
            author: components["schemas"]["PersonRef"];
            /** Critical */
            critical: boolean | null;
            /** Description */
            description: string | null;
            diagnosing: components["schemas"]["InstitutionRef"];
            /** Document */
            document: boolean;
            examining: components["schemas"]["InstitutionRef"];
            /** Id */
            id: string;
            /** Impression */
            impression: string;
            kind: components["schemas"]["RequestKind"];
            /** Modalities */
            modalities: string[];
            patient: components["schemas"]["PatientOut"];
            /** Request Id */
            request_id: string;
            reviewer: components["schemas"]["PersonRef"] | null;
            /** Signed At */
            signed_at: string | null;
            status: components["schemas"]["ReportStatus"];
            /** Study Id */
            study_id: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
        };
        /**
         * ReportOut
         * @description A report as the person who asks may see it.
         *
         *     The diagnosing side sees the text being written; everybody else sees the version last issued.
         */
        ReportOut: {
            /** Acknowledged At */
            acknowledged_at: string | null;
            amendment: components["schemas"]["AmendmentKind"] | null;
            /** Amendment Reason */
            amendment_reason: string | null;
            author: components["schemas"]["PersonRef"];
            /** Blockers */
            blockers: components["schemas"]["Blocker"][];
            /** Comments */
            comments: components["schemas"]["CommentOut"][];
            /** Critical */
            critical: boolean | null;
            /** Document */
            document: boolean;
            /** Findings */
            findings: string;
            /** Id */
            id: string;
            /** Impression */
            impression: string;
            /** Request Id */
            request_id: string;
            reviewer: components["schemas"]["PersonRef"] | null;
            /** Revision */
            revision: number;
            /** Signed At */
            signed_at: string | null;
            status: components["schemas"]["ReportStatus"];
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
        };
        /**
         * ReportPage
         * @description One page of reports, newest first.
         */
        ReportPage: {
            /** Items */
            items: components["schemas"]["ReportListItem"][];
            /** Next */
            next: string | null;
        };
        /**
         * ReportRef
         * @description A request's report, as lists show it.
         */
        ReportRef: {
            /** Id */
            id: string;
            /** Status */
            status: string;
        };
        /**
         * ReportStatus
         * @description Where a report stands: FHIR R4 DiagnosticReport.status, and `RETURNED`.
         *
         *     An issued report that is being changed goes through the first three again, while its issued
         *     version stays what the examining side has.
         * @enum {string}
         */
        ReportStatus: "registered" | "preliminary" | "returned" | "final" | "amended" | "corrected" | "appended" | "cancelled" | "entered-in-error";
        /**
         * ReportView
         * @description Which reports.
         * @enum {string}
         */
        ReportView: "mine" | "institution";
        /**
         * RequestKind
         * @description What there is to read.
         * @enum {string}
         */
        RequestKind: "ecg" | "imaging";
        /**
         * RequestOut
         * @description A request as lists and pages show it.
         */
        RequestOut: {
            /** Acquired At */
            acquired_at: string | null;
            /** Changes */
            changes: components["schemas"]["FindingOut"][];
            /** Claimed At */
            claimed_at: string | null;
            claimed_by: components["schemas"]["PersonRef"] | null;
            /** Closed At */
            closed_at: string | null;
            /** Complaint */
            complaint: string | null;
            /** Consult Id */
            consult_id: string | null;
            /** Description */
            description: string | null;
            diagnosing: components["schemas"]["InstitutionRef"];
            /**
             * Due At
             * Format: date-time
             */
            due_at: string;
            /** Ecg Id */
            ecg_id: string | null;
            /** Emergency */
            emergency: boolean;
            examining: components["schemas"]["InstitutionRef"];
            /** Hints */
            hints: components["schemas"]["FindingOut"][];
            /** Id */
            id: string;
            /** Images Complete */
            images_complete: boolean;
            /** Instance Count */
            instance_count: number;
            kind: components["schemas"]["RequestKind"];
            /** Modalities */
            modalities: string[];
            /** Opened At */
            opened_at: string | null;
            patient: components["schemas"]["PatientOut"];
            preview: components["schemas"]["PreviewOut"] | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            report: components["schemas"]["ReportRef"] | null;
            /** Return Comment */
            return_comment: string | null;
            return_reason: components["schemas"]["ReturnReason"] | null;
            /** Ringing */
            ringing: boolean;
            risk: components["schemas"]["Risk"];
            screening_status: components["schemas"]["ScreeningStatus"] | null;
            /** Series Count */
            series_count: number;
            status: components["schemas"]["RequestStatus"];
            /** Study Id */
            study_id: string;
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * RequestPatch
         * @description What the examining side says; what is left out stays.
         */
        RequestPatch: {
            /**
             * Complaint
             * @default null
             */
            complaint?: string | null;
            /**
             * Emergency
             * @default null
             */
            emergency?: boolean | null;
        };
        /**
         * RequestStatus
         * @description Where a request stands: FHIR's ServiceRequest and Task as one state machine.
         * @enum {string}
         */
        RequestStatus: "draft" | "requested" | "received" | "accepted" | "in-progress" | "on-hold" | "completed" | "rejected" | "cancelled" | "failed" | "entered-in-error";
        /**
         * RetentionClass
         * @description By what a study's time of keeping is counted.
         * @enum {string}
         */
        RetentionClass: "outpatient" | "inpatient";
        /**
         * RetentionIn
         * @description The class a study is kept by, and why.
         */
        RetentionIn: {
            /** Reason */
            reason: string;
            retention_class: components["schemas"]["RetentionClass"];
        };
        /**
         * ReturnIn
         * @description Why a request goes back to the examining side.
         */
        ReturnIn: {
            /**
             * Comment
             * @default null
             */
            comment?: string | null;
            reason: components["schemas"]["ReturnReason"];
        };
        /**
         * ReturnReason
         * @description Why a request goes back to the examining side (质控退回).
         * @enum {string}
         */
        ReturnReason: "poor-quality" | "lead-reversal" | "incomplete-images" | "missing-information" | "wrong-patient" | "other";
        /**
         * Risk
         * @description How soon a physician must look, the soonest first; a machine only ever raises it.
         * @enum {string}
         */
        Risk: "red" | "orange" | "uninterpretable" | "routine";
        /**
         * RiskCounts
         * @description How many requests of a view there are of each risk, whatever page is shown.
         */
        RiskCounts: {
            /**
             * Orange
             * @default 0
             */
            orange?: number;
            /**
             * Red
             * @default 0
             */
            red?: number;
            /**
             * Routine
             * @default 0
             */
            routine?: number;
            /**
             * Uninterpretable
             * @default 0
             */
            uninterpretable?: number;
        };
        /**
         * Role
         * @description What a person does; a person may hold several at once (workflow.md).
         * @enum {string}
         */
        Role: "village_doctor" | "township_technician" | "township_doctor" | "nurse" | "county_reader" | "county_reviewer" | "county_duty" | "cath_team" | "stroke_team" | "chief_on_duty" | "emergency_doctor" | "city_expert" | "medical_office" | "quality_control" | "finance" | "health_bureau" | "system_administrator" | "auditor";
        /**
         * RouteIn
         * @description What a route shall be; each list holds patterns with ``*`` and ``?``, an empty one is met.
         */
        RouteIn: {
            /**
             * Descriptions
             * @default []
             */
            descriptions?: string[];
            /**
             * Destination Id
             * @description a device that is registered with an address
             */
            destination_id: string;
            /**
             * Enabled
             * @default true
             */
            enabled?: boolean;
            /**
             * Institution Ids
             * @default []
             */
            institution_ids?: string[];
            /**
             * Modalities
             * @default []
             */
            modalities?: string[];
            /** @default medium */
            priority?: components["schemas"]["Priority"];
            /**
             * Source Aes
             * @default []
             */
            source_aes?: string[];
            /**
             * Stations
             * @default []
             */
            stations?: string[];
        };
        /**
         * RouteList
         * @description The routes of a community.
         */
        RouteList: {
            /** Items */
            items: components["schemas"]["RouteOut"][];
        };
        /**
         * RouteOut
         * @description A route as it is.
         */
        RouteOut: {
            /**
             * Descriptions
             * @default []
             */
            descriptions?: string[];
            /** Destination Ae */
            destination_ae: string | null;
            /**
             * Destination Id
             * @description a device that is registered with an address
             */
            destination_id: string;
            /**
             * Enabled
             * @default true
             */
            enabled?: boolean;
            /** Id */
            id: string;
            /**
             * Institution Ids
             * @default []
             */
            institution_ids?: string[];
            /**
             * Modalities
             * @default []
             */
            modalities?: string[];
            /** @default medium */
            priority?: components["schemas"]["Priority"];
            /**
             * Source Aes
             * @default []
             */
            source_aes?: string[];
            /**
             * Stations
             * @default []
             */
            stations?: string[];
        };
        /**
         * ScheduledExamIn
         * @description An examination to be scheduled.
         */
        ScheduledExamIn: {
            /**
             * Accession Number
             * @default null
             */
            accession_number?: string | null;
            /**
             * Complaint
             * @default null
             */
            complaint?: string | null;
            /** Description */
            description: string;
            /**
             * Emergency
             * @default false
             */
            emergency?: boolean;
            /** Modality */
            modality: string;
            patient: components["schemas"]["ScheduledPatientIn"];
            /**
             * Performing Physician
             * @default null
             */
            performing_physician?: string | null;
            /**
             * Referring Physician
             * @default null
             */
            referring_physician?: string | null;
            /**
             * Start Date
             * Format: date
             */
            start_date: string;
            /**
             * Start Time
             * Format: time
             * @default 00:00:00
             */
            start_time?: string;
            /**
             * Station Ae
             * @default null
             */
            station_ae?: string | null;
        };
        /**
         * ScheduledExamList
         * @description Scheduled examinations of an institution, the next first.
         */
        ScheduledExamList: {
            /** Items */
            items: components["schemas"]["ScheduledExamOut"][];
            /** More */
            more: boolean;
        };
        /**
         * ScheduledExamOut
         * @description A scheduled examination.
         */
        ScheduledExamOut: {
            /** Accession Number */
            accession_number: string;
            /** Complaint */
            complaint: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Description */
            description: string;
            /** Emergency */
            emergency: boolean;
            /** Id */
            id: string;
            /** Modality */
            modality: string;
            patient: components["schemas"]["ScheduledPatientOut"];
            /** Performing Physician */
            performing_physician: string | null;
            /** Referring Physician */
            referring_physician: string | null;
            /** Requested Procedure Id */
            requested_procedure_id: string;
            /**
             * Start Date
             * Format: date
             */
            start_date: string;
            /**
             * Start Time
             * Format: time
             */
            start_time: string;
            /** Station Ae */
            station_ae: string | null;
            status: components["schemas"]["ExamStatus"];
            /** Study Id */
            study_id: string | null;
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * ScheduledPatientIn
         * @description The patient of an examination, as the one who orders it knows them.
         */
        ScheduledPatientIn: {
            /**
             * Birth Date
             * @default null
             */
            birth_date?: string | null;
            /** Name */
            name: string;
            /**
             * Name Latin
             * @default null
             */
            name_latin?: string | null;
            /** Patient Id */
            patient_id: string;
            /**
             * Sex
             * @default null
             */
            sex?: ("M" | "F" | "O") | null;
        };
        /**
         * ScheduledPatientOut
         * @description The patient of a scheduled examination.
         */
        ScheduledPatientOut: {
            /** Birth Date */
            birth_date: string | null;
            /** Name */
            name: string;
            /** Name Latin */
            name_latin: string | null;
            /** Patient Id */
            patient_id: string;
            /** Sex */
            sex: string | null;
        };
        /**
         * ScreeningStatus
         * @description Where the screening of one ECG stands.
         * @enum {string}
         */
        ScreeningStatus: "pending" | "screened" | "failed" | "off";
        /**
         * SeenIn
         * @description The revision that a person has before their eyes as they act: no other is meant.
         */
        SeenIn: {
            /** Revision */
            revision: number;
        };
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
         * StaleDraft
         * @description Somebody saved meanwhile: what they saved, to compare and save over.
         */
        StaleDraft: {
            /** Code */
            code: string;
            current: components["schemas"]["ReportOut"] | null;
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
         * StrangerOut
         * @description Who called within a day and was not let in.
         */
        StrangerOut: {
            /** Address */
            address: string;
            /** Ae Title */
            ae_title: string;
            /**
             * Last At
             * Format: date-time
             */
            last_at: string;
            /** Registered */
            registered: boolean;
        };
        /**
         * StudyOut
         * @description A study as the list shows it.
         */
        StudyOut: {
            /** Charset Repair */
            charset_repair: string | null;
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
         * StudySendingIn
         * @description A study that is to be sent, whatever the routes say.
         */
        StudySendingIn: {
            /**
             * Destination Id
             * @description a device that is registered with an address
             */
            destination_id: string;
            /** @default medium */
            priority?: components["schemas"]["Priority"];
            /** Study Instance Uid */
            study_instance_uid: string;
        };
        /**
         * TemplateList
         * @description The templates that fit.
         */
        TemplateList: components["schemas"]["TemplateOut"][];
        /**
         * TemplateOut
         * @description A text to begin with.
         */
        TemplateOut: {
            /** Findings */
            findings: string;
            /** Id */
            id: string;
            /** Impression */
            impression: string;
            /** Name En */
            name_en: string;
            /** Name Zh */
            name_zh: string;
        };
        /**
         * TrialOut
         * @description How a trial ended: ``answered``, or what to look at; ``detail`` is for technicians.
         */
        TrialOut: {
            /** Detail */
            detail: string;
            /** Duration Ms */
            duration_ms: number;
            outcome: components["schemas"]["TrialOutcome"];
        };
        /**
         * TrialOutcome
         * @description How it ended; all but the first say what to look at.
         * @enum {string}
         */
        TrialOutcome: "answered" | "unreachable" | "called-ae" | "calling-ae" | "rejected" | "not-accepted" | "refused" | "silent" | "lost";
        /**
         * TroubleOut
         * @description An object that was tried and not taken.
         */
        TroubleOut: {
            /** Attempts */
            attempts: number;
            /**
             * Due At
             * Format: date-time
             */
            due_at: string;
            /** Final */
            final: boolean;
            /** Reason */
            reason: string | null;
            /** Sop Instance Uid */
            sop_instance_uid: string;
            /** Status */
            status: number | null;
        };
        /**
         * UnmergeIn
         * @description Why.
         */
        UnmergeIn: {
            /** Reason */
            reason: string;
        };
        /**
         * VersionList
         * @description Every version, the newest first.
         */
        VersionList: {
            /** Items */
            items: components["schemas"]["VersionOut"][];
        };
        /**
         * VersionOut
         * @description A version as it was issued.
         */
        VersionOut: {
            /** Acknowledged At */
            acknowledged_at: string | null;
            acknowledged_by: components["schemas"]["PersonRef"] | null;
            amendment: components["schemas"]["AmendmentKind"] | null;
            author: components["schemas"]["PersonRef"];
            /** Critical */
            critical: boolean | null;
            /** Document Sha256 */
            document_sha256: string;
            /** Findings */
            findings: string;
            /** Impression */
            impression: string;
            /** Number */
            number: number;
            /** Reason */
            reason: string | null;
            reviewer: components["schemas"]["PersonRef"] | null;
            /**
             * Signed At
             * Format: date-time
             */
            signed_at: string;
            status: components["schemas"]["ReportStatus"];
        };
        /**
         * View
         * @description Which requests to list.
         * @enum {string}
         */
        View: "open" | "mine" | "review" | "returned" | "done";
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
            /** Device Measurements */
            device_measurements: {
                [key: string]: number;
            };
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
        /**
         * WorklistPage
         * @description One page of a worklist.
         */
        WorklistPage: {
            counts: components["schemas"]["RiskCounts"];
            /** Items */
            items: components["schemas"]["RequestOut"][];
            /** Next */
            next: string | null;
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
