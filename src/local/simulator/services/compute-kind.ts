import type { DurationName } from '../../../durations.ts';
import type { Call, JsonObject, Sim } from '../service.ts';
import type { Place } from './compute-places.ts';

/** One kind of resource: what sets it apart from the others. The methods that all have alike are in `compute-collections.ts`. */
export interface Kind {
  /** Of the discovery ids: `globalAddresses`. */
  methods: string;
  /** Of the paths: `addresses`. */
  collection: string;
  /** `compute#address` */
  type: string;
  /** Where it is not the type with `List` behind it. */
  listType?: string;
  /** Lists have no link to themselves. */
  listWithoutLink?: true;
  /** Of the list over all scopes: the discovery name where it is another, and the type where it does not follow from the list's. */
  aggregated?: { methods?: string; type?: string };
  /** In messages: `backend_service`. */
  noun: string;
  /** The parameter that names one: `address`. */
  param: string;
  /** The methods that this kind has, of those that all kinds have alike. */
  has: StandardMethod[];
  /** How long a change usually takes; `none`: it is done when it is answered. */
  usual: ComputeDuration | 'none';
  /** Which fingerprints it has. */
  fingerprint?: true;
  labelFingerprint?: true;
  /** Stands before the method's name in the type of its operations. */
  operationPrefix?: string;
  /** Methods of this kind alone, by their names. */
  actions?: Record<string, Action>;
  /**
   * The whole resource to keep, made of what is wanted: with what Google fills in, references checked and written out.
   * @throws GoogleError 400, 404
   */
  complete(change: Change): JsonObject;
  /** The resource as it is shown: with what depends on others. */
  show?(sim: Sim, place: Place, value: JsonObject): JsonObject;
  /** The quota that a new one would exceed: its operation fails. */
  exceeds?(change: Change): { metric: string; limit: number } | undefined;
  /** How others speak of it; left out: by its link. */
  mark?(value: JsonObject): string;
}

export type StandardMethod =
  | 'get'
  | 'insert'
  | 'list'
  | 'aggregatedList'
  | 'delete'
  | 'patch'
  | 'update'
  | 'setLabels'
  | 'getIamPolicy'
  | 'setIamPolicy'
  | 'testIamPermissions';
export type ComputeDuration = Exclude<Extract<DurationName, `compute.${string}`>, 'compute.certificates'>;

export interface Change {
  call: Call;
  sim: Sim;
  place: Place;
  /** What the resource shall be. */
  wanted: JsonObject;
  /** What it was; undefined for a new one. */
  before: JsonObject | undefined;
}

/** A method of one kind alone, which changes a resource: `setUrlMap`, `addRule`. */
export interface Action {
  /** Of the operation, where it is not the method's name. */
  operationType?: string;
  /** What the resource shall be; `complete` then checks it. */
  change(value: JsonObject, call: Call, sim: Sim): JsonObject;
}
