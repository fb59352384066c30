export { parseReference, type Reference } from '@estiba/image-spec';
export { RegistryClient, type RegistryClientOptions, type RequestOptions } from './client.ts';
export type { Credentials, CredentialsFor } from './credentials.ts';
export { dockerCredentials } from './docker-credentials.ts';
export { type DistributionCode, RegistryError, type RegistryErrorCode, type TransportCode } from './error.ts';
export type { Timeouts } from './http.ts';
export type { PulledLayer, PullOptions } from './pull.ts';
export type { TransferProgress } from './transfers.ts';
