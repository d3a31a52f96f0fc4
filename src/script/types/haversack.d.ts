// What scripts of Haversack can name, for editors. Written by `haversack hooks types`; a script that
// begins with this line is completed:
//
//     /// <reference path="./types.d.ts" />
//
// A `jsconfig.json` of `{"compilerOptions": {"lib": ["esnext"]}}` keeps out what only browsers have.

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Bytes = number[] | Uint8Array | string;
/** A handler sees nothing of its file but what it requires; whatever it throws is a refusal. */
type Handler<E> = (e: E) => any;
type MiddlewareLike = Handler<RequestEvent> | Middleware | Guard;
/** What `$apis` makes for routes. */
interface Guard { guard: string; }

// --- Events -------------------------------------------------------------------------------------

interface BaseEvent {
  readonly app: App;
  /** Runs what the hook is around. Without it, that does not happen. */
  next(): any;
}
/** A request, or something that a request caused. */
interface RequestEvent extends BaseEvent {
  /** Who asks; null for guests. */
  readonly auth: RecordModel | null;
  readonly request: {
    readonly method: string;
    readonly header: { get(name: string): string };
    readonly remoteAddr: string;
    readonly url: { readonly path: string; query(): { get(name: string): string; has(name: string): boolean } };
    pathValue(name: string): string;
  };
  readonly response: { header(): { set(name: string, value: string): void } };
  hasSuperuserAuth(): boolean;
  isGuest(): boolean;
  readonly requestInfo: RequestInfoModel & (() => RequestInfoModel);
  /** Where the request comes from; proxies that the settings trust are seen through. */
  realIP(): string;
  /** The other end of the connection. */
  remoteIP(): string;
  isTLS(): boolean;
  /** Fills the members of `target` from the body. */
  bindBody(target: object): void;
  /** What earlier middleware of the same request left with `set`. */
  get(name: string): any;
  set(name: string, value: any): void;
  getAll(): { [name: string]: any };
  setAll(values: { [name: string]: any }): void;
  json(status: number, data: any): void;
  string(status: number, text: string): void;
  html(status: number, text: string): void;
  xml(status: number, text: string): void;
  blob(status: number, type: string, bytes: Bytes): void;
  stream(status: number, type: string, content: any): void;
  fileFS(folder: any, name: string): void;
  noContent(status?: number): void;
  redirect(status: number, url: string): void;
  setCookie(cookie: Cookie): void;
  written(): boolean;
  status(): number;
  flush(): void;
  error(status: number, message?: string, data?: any): ApiError;
  badRequestError(message?: string, data?: any): ApiError;
  unauthorizedError(message?: string, data?: any): ApiError;
  forbiddenError(message?: string, data?: any): ApiError;
  notFoundError(message?: string, data?: any): ApiError;
  tooManyRequestsError(message?: string, data?: any): ApiError;
  internalServerError(message?: string, data?: any): ApiError;
}
interface RecordEvent extends BaseEvent {
  readonly record: RecordModel;
  readonly model: RecordModel;
  readonly collection: Collection;
  /** `create`, `update` or `delete`. */
  readonly type: string;
}
interface RecordErrorEvent extends Omit<RecordEvent, "error"> { readonly error: Failure; }
interface CollectionEvent extends BaseEvent {
  readonly collection: Collection;
  readonly model: Collection;
  readonly type: string;
}
interface CollectionErrorEvent extends CollectionEvent { readonly error: Failure; }
/** Why a write came to nothing. */
interface Failure extends ApiError { error(): string; }
interface RecordsListRequestEvent extends RequestEvent { readonly collection: Collection; }
interface RecordRequestEvent extends RequestEvent {
  readonly collection: Collection;
  /** The record with what was sent over it; what is set here counts as sent. */
  readonly record: RecordModel;
}
interface RecordAuthRequestEvent extends RequestEvent {
  readonly collection: Collection;
  /** The account, as far as what was sent tells which it is. */
  readonly record: RecordModel | null;
  identity: string;
  identityField: string;
  password: string;
  provider: string;
  newEmail: string;
  otpId: string;
  token: string;
}
interface RecordEnrichEvent extends BaseEvent {
  readonly record: RecordModel;
  readonly requestInfo: RequestInfoModel & (() => RequestInfoModel);
}
interface CollectionRequestEvent extends RequestEvent { readonly collection: Collection; }
interface CollectionsImportRequestEvent extends RequestEvent { collectionsData: any[]; deleteMissing: boolean; }
interface BatchRequestEvent extends RequestEvent {
  batch: { method: string; url: string; headers: { [name: string]: string } | null; body: any }[];
}
interface SettingsListRequestEvent extends RequestEvent { settings: any; }
interface SettingsUpdateRequestEvent extends RequestEvent { newSettings: any; }
interface SettingsReloadEvent extends BaseEvent { readonly settings: any; }
interface MailerEvent extends BaseEvent { message: MailerMessage; }
interface MailerRecordEvent extends MailerEvent {
  readonly record: RecordModel;
  readonly collection: Collection;
  /** What the mail carries: `token`, `newEmail`, `otpId` and `password`, or `info`. */
  readonly meta: { [name: string]: string };
}
interface FileDownloadRequestEvent extends RequestEvent {
  readonly record: RecordModel;
  readonly collection: Collection;
  readonly servedName: string;
}
interface FileTokenRequestEvent extends RequestEvent { readonly record: RecordModel | null; }
interface RealtimeConnectRequestEvent extends RequestEvent { readonly address: string; }
interface RealtimeSubscribeRequestEvent extends RequestEvent {
  readonly client: RealtimeClient;
  subscriptions: string[];
}
interface RealtimeMessageEvent extends BaseEvent { readonly client: RealtimeClient; message: { name: string; data: string }; }
interface BackupEvent extends BaseEvent { name: string; }
interface ServerEvent extends BaseEvent { readonly address: string | null; }

// --- Hooks: the names of collections at the end narrow them -------------------------------------

declare function onRecordCreate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordUpdate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordDelete(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordValidate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordCreateExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordUpdateExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordDeleteExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordEnrich(handler: Handler<RecordEnrichEvent>, ...collections: (string | string[])[]): void;
declare function onModelCreate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelUpdate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelDelete(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelValidate(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordsListRequest(handler: Handler<RecordsListRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordViewRequest(handler: Handler<RecordRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordCreateRequest(handler: Handler<RecordRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordUpdateRequest(handler: Handler<RecordRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordDeleteRequest(handler: Handler<RecordRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAuthRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAuthWithPasswordRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAuthWithOTPRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAuthWithOAuth2Request(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAuthRefreshRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordRequestOTPRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordRequestVerificationRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordConfirmVerificationRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordRequestPasswordResetRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordConfirmPasswordResetRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordRequestEmailChangeRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRecordConfirmEmailChangeRequest(handler: Handler<RecordAuthRequestEvent>, ...collections: (string | string[])[]): void;
declare function onModelCreateExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelUpdateExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelDeleteExecute(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionValidate(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionCreateExecute(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionUpdateExecute(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionDeleteExecute(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionsListRequest(handler: Handler<RequestEvent>): void;
declare function onCollectionViewRequest(handler: Handler<CollectionRequestEvent>): void;
declare function onCollectionCreateRequest(handler: Handler<CollectionRequestEvent>): void;
declare function onCollectionUpdateRequest(handler: Handler<CollectionRequestEvent>): void;
declare function onCollectionDeleteRequest(handler: Handler<CollectionRequestEvent>): void;
declare function onCollectionsImportRequest(handler: Handler<CollectionsImportRequestEvent>): void;
declare function onCollectionCreate(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionUpdate(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionDelete(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onFileDownloadRequest(handler: Handler<FileDownloadRequestEvent>, ...collections: (string | string[])[]): void;
declare function onFileTokenRequest(handler: Handler<FileTokenRequestEvent>, ...collections: (string | string[])[]): void;
declare function onRealtimeConnectRequest(handler: Handler<RealtimeConnectRequestEvent>): void;
declare function onRealtimeSubscribeRequest(handler: Handler<RealtimeSubscribeRequestEvent>): void;
declare function onRealtimeMessageSend(handler: Handler<RealtimeMessageEvent>): void;
declare function onMailerSend(handler: Handler<MailerEvent>): void;
declare function onMailerRecordAuthAlertSend(handler: Handler<MailerRecordEvent>, ...collections: (string | string[])[]): void;
declare function onMailerRecordPasswordResetSend(handler: Handler<MailerRecordEvent>, ...collections: (string | string[])[]): void;
declare function onMailerRecordVerificationSend(handler: Handler<MailerRecordEvent>, ...collections: (string | string[])[]): void;
declare function onMailerRecordEmailChangeSend(handler: Handler<MailerRecordEvent>, ...collections: (string | string[])[]): void;
declare function onMailerRecordOTPSend(handler: Handler<MailerRecordEvent>, ...collections: (string | string[])[]): void;
declare function onBatchRequest(handler: Handler<BatchRequestEvent>): void;
declare function onSettingsListRequest(handler: Handler<SettingsListRequestEvent>): void;
declare function onSettingsUpdateRequest(handler: Handler<SettingsUpdateRequestEvent>): void;
declare function onBackupCreate(handler: Handler<BackupEvent>): void;
declare function onBackupRestore(handler: Handler<BackupEvent>): void;
declare function onBootstrap(handler: Handler<ServerEvent>): void;
declare function onServe(handler: Handler<ServerEvent>): void;
declare function onTerminate(handler: Handler<ServerEvent>): void;
declare function onRecordAfterCreateSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAfterUpdateSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAfterDeleteSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterCreateSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterUpdateSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterDeleteSuccess(handler: Handler<RecordEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAfterCreateError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAfterUpdateError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onRecordAfterDeleteError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterCreateError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterUpdateError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onModelAfterDeleteError(handler: Handler<RecordErrorEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionAfterCreateError(handler: Handler<CollectionErrorEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionAfterUpdateError(handler: Handler<CollectionErrorEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionAfterDeleteError(handler: Handler<CollectionErrorEvent>, ...collections: (string | string[])[]): void;
declare function onSettingsReload(handler: Handler<SettingsReloadEvent>): void;
declare function onCollectionAfterCreateSuccess(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionAfterUpdateSuccess(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;
declare function onCollectionAfterDeleteSuccess(handler: Handler<CollectionEvent>, ...collections: (string | string[])[]): void;

// --- Routes, jobs, migrations -------------------------------------------------------------------

/** Answers requests; `{name}` in a path is a part of it, `{rest...}` all that follows. */
declare function routerAdd(method: string, path: string, handler: Handler<RequestEvent>, ...middleware: MiddlewareLike[]): void;
/** Puts middleware around every request, those of the API included. */
declare function routerUse(...middleware: MiddlewareLike[]): void;
/** Runs `handler` at the times of a cron expression, in UTC. */
declare function cronAdd(id: string, expression: string, handler: () => any): void;
declare function cronRemove(id: string): void;
/** In files of migrations: a change, and the way back. */
declare function migrate(up: (app: App) => any, down?: (app: App) => any): void;
declare class Middleware { constructor(func: Handler<RequestEvent>, priority?: number, id?: string); }

// --- The app ------------------------------------------------------------------------------------

type CollectionLike = string | Collection;
interface App {
  findRecordById(collection: CollectionLike, id: string): RecordModel;
  findRecordsByIds(collection: CollectionLike, ids: string[]): RecordModel[];
  findRecordsByFilter(collection: CollectionLike, filter: string, sort?: string, limit?: number, offset?: number, params?: object): RecordModel[];
  findFirstRecordByFilter(collection: CollectionLike, filter: string, params?: object): RecordModel;
  findFirstRecordByData(collection: CollectionLike, field: string, value: any): RecordModel;
  findAllRecords(collection: CollectionLike, ...expressions: Expression[]): RecordModel[];
  countRecords(collection: CollectionLike, ...expressions: (Expression | string | object)[]): number;
  findAuthRecordByEmail(collection: CollectionLike, email: string): RecordModel;
  findAuthRecordByToken(token: string, ...kinds: string[]): RecordModel;
  recordQuery(collection: CollectionLike): SelectQuery;
  /** SQL over copies of the collections; it can only read. */
  db(): Database;
  concurrentDB(): Database;
  nonconcurrentDB(): Database;
  findCollectionByNameOrId(nameOrId: string): Collection;
  findCachedCollectionByNameOrId(nameOrId: string): Collection;
  findAllCollections(...types: string[]): Collection[];
  findCollectionReferences(collection: Collection, ...except: string[]): Map<Collection, Field[]>;
  isCollectionNameUnique(name: string): boolean;
  importCollections(collections: object[], deleteMissing?: boolean): void;
  importCollectionsByMarshaledJSON(text: Bytes, deleteMissing?: boolean): void;
  truncateCollection(collection: CollectionLike): void;
  reloadCachedCollections(): void;
  hasTable(name: string): boolean;
  tableColumns(name: string): string[];
  /** Saves a record, a collection, or what `settings()` returned. */
  save(model: RecordModel | Collection | object): void;
  delete(model: RecordModel | Collection): void;
  /** All of it or nothing. */
  runInTransaction<T>(run: (app: App) => T): T;
  isTransactional(): boolean;
  /** The same, but no write fires a hook. */
  unsafeWithoutHooks(): App;
  expandRecord(record: RecordModel, paths: string[]): void;
  expandRecords(records: RecordModel[], paths: string[]): object;
  canAccessRecord(record: RecordModel, info: RequestInfoModel, rule: string | null): boolean;
  findAllExternalAuthsByRecord(record: RecordModel): RecordModel[];
  findAllExternalAuthsByCollection(collection: Collection): RecordModel[];
  findFirstExternalAuthByExpr(expression: Expression): RecordModel;
  deleteAllExternalAuthsByRecord(record: RecordModel): void;
  findAllMFAsByRecord(record: RecordModel): RecordModel[];
  findAllMFAsByCollection(collection: Collection): RecordModel[];
  findMFAById(id: string): RecordModel;
  deleteAllMFAsByRecord(record: RecordModel): void;
  findAllOTPsByRecord(record: RecordModel): RecordModel[];
  findAllOTPsByCollection(collection: Collection): RecordModel[];
  findOTPById(id: string): RecordModel;
  deleteAllOTPsByRecord(record: RecordModel): void;
  findAllAuthOriginsByRecord(record: RecordModel): RecordModel[];
  findAllAuthOriginsByCollection(collection: Collection): RecordModel[];
  findAuthOriginById(id: string): RecordModel;
  deleteAllAuthOriginsByRecord(record: RecordModel): void;
  settings(): any;
  reloadSettings(): void;
  logger(): Logger;
  /** Kept in memory, for all scripts, until the process ends. */
  store(): Store;
  newMailClient(): { send(message: MailerMessage): void };
  cron(): { add: typeof cronAdd; remove: typeof cronRemove };
  subscriptionsBroker(): Broker;
  createBackup(context: any, name?: string): void;
  restoreBackup(context: any, name: string): void;
  dataDir(): string;
  isDev(): boolean;
  isBootstrapped(): boolean;
}
declare const $app: App;
interface Logger {
  debug(message: string, ...pairs: any[]): void;
  info(message: string, ...pairs: any[]): void;
  warn(message: string, ...pairs: any[]): void;
  error(message: string, ...pairs: any[]): void;
  with(...pairs: any[]): Logger;
  withGroup(name: string): Logger;
}
interface Store {
  get(key: string): any;
  getOk(key: string): [any, boolean];
  has(key: string): boolean;
  set(key: string, value: any): void;
  setFunc(key: string, make: (old: any) => any): void;
  setIfLessThanLimit(key: string, value: any, limit: number): boolean;
  getOrSet(key: string, make: () => any): any;
  getAll(): { [key: string]: any };
  values(): any[];
  length(): number;
  remove(key: string): void;
  removeAll(): void;
  reset(values?: { [key: string]: any }): void;
}
interface Broker {
  clients(): { [id: string]: RealtimeClient };
  clientById(id: string): RealtimeClient;
  chunkedClients(size: number): RealtimeClient[][];
  totalClients(): number;
}
interface RealtimeClient {
  id(): string;
  subscriptions(): { [topic: string]: object };
  hasSubscription(topic: string): boolean;
  get(name: "auth"): RecordModel | null;
  send(message: SubscriptionMessage): void;
  isDiscarded(): boolean;
}
declare class SubscriptionMessage { constructor(data: { name: string; data: Bytes }); name: string; data: Bytes; }

// --- Records and collections --------------------------------------------------------------------

/** The utility type of the language has the name `Record`, so what records are is called otherwise. */
declare const Record: { new (collection?: Collection, data?: object): RecordModel; prototype: RecordModel };
interface RecordModel {
  id: string;
  readonly collectionId: string;
  readonly collectionName: string;
  collection(): Collection;
  tableName(): string;
  pk(): string;
  lastSavedPK(): string;
  isNew(): boolean;
  markAsNew(): void;
  markAsNotNew(): void;
  isSuperuser(): boolean;
  get(name: string): any;
  getRaw(name: string): any;
  /** `name+` and `name-` add and take away. */
  set(name: string, value: any): void;
  setRaw(name: string, value: any): void;
  setIfFieldExists(name: string, value: any): void;
  load(data: object): void;
  getString(name: string): string;
  getBool(name: string): boolean;
  getInt(name: string): number;
  getFloat(name: string): number;
  getDateTime(name: string): DateTime;
  getGeoPoint(name: string): { lon: number; lat: number };
  getStringSlice(name: string): string[];
  unmarshalJSONField(name: string, target: object): void;
  /** The record as it is stored. */
  original(): RecordModel;
  fresh(): RecordModel;
  clone(): RecordModel;
  fieldsData(): { [name: string]: any };
  customData(): { [name: string]: any };
  publicExport(): { [name: string]: any };
  expand(): { [name: string]: any };
  setExpand(expand: object): void;
  mergeExpand(expand: object): void;
  expandedOne(name: string): RecordModel | null;
  expandedAll(name: string): RecordModel[];
  hide(...names: string[]): void;
  unhide(...names: string[]): void;
  withCustomData(on: boolean): RecordModel;
  ignoreEmailVisibility(on: boolean): RecordModel;
  ignoreUnchangedFields(on: boolean): RecordModel;
  baseFilesPath(): string;
  email(): string;
  setEmail(email: string): void;
  emailVisibility(): boolean;
  setEmailVisibility(on: boolean): void;
  verified(): boolean;
  setVerified(on: boolean): void;
  setPassword(password: string): void;
  setRandomPassword(): string;
  validatePassword(password: string): boolean;
  /** Ends all tokens of the account once it is saved. */
  refreshTokenKey(): void;
  newAuthToken(): string;
  /** `duration` is in nanoseconds; 0 = as long as the collection says. */
  newStaticAuthToken(duration: number): string;
  newFileToken(): string;
  newVerificationToken(): string;
  newPasswordResetToken(): string;
  newEmailChangeToken(email: string): string;
}
declare class Collection {
  constructor(data?: object);
  id: string;
  name: string;
  type: string;
  system: boolean;
  fields: FieldsList;
  indexes: string[];
  listRule: string | null;
  viewRule: string | null;
  createRule: string | null;
  updateRule: string | null;
  deleteRule: string | null;
  [option: string]: any;
  isBase(): boolean;
  isAuth(): boolean;
  isView(): boolean;
  isNew(): boolean;
  addIndex(name: string, unique: boolean, columns: string, where?: string): void;
  removeIndex(name: string): void;
  getIndex(name: string): string;
}
declare class FieldsList extends Array<Field> {
  getByName(name: string): Field | null;
  getById(id: string): Field | null;
  removeByName(name: string): void;
  removeById(id: string): void;
  add(...fields: (Field | object)[]): void;
  addAt(at: number, ...fields: (Field | object)[]): void;
  addMarshaledJSON(text: Bytes): void;
  addMarshaledJSONAt(at: number, text: Bytes): void;
  fieldNames(): string[];
  asMap(): { [name: string]: Field };
}
declare class Field {
  constructor(data?: object);
  id: string;
  name: string;
  type: string;
  system: boolean;
  hidden: boolean;
  [option: string]: any;
  getName(): string;
  getId(): string;
}
declare class TextField extends Field {}
declare class NumberField extends Field {}
declare class BoolField extends Field {}
declare class EmailField extends Field {}
declare class URLField extends Field {}
declare class EditorField extends Field {}
declare class DateField extends Field {}
declare class AutodateField extends Field {}
declare class SelectField extends Field {}
declare class FileField extends Field {}
declare class RelationField extends Field {}
declare class JSONField extends Field {}
declare class PasswordField extends Field {}
declare class GeoPointField extends Field {}
declare class DateTime {
  constructor(text?: string);
  time(): Date;
  unix(): number;
  unixMilli(): number;
  isZero(): boolean;
  string(): string;
  addDate(years: number, months: number, days: number): DateTime;
  before(other: DateTime): boolean;
  after(other: DateTime): boolean;
  equal(other: DateTime): boolean;
}

// --- Queries ------------------------------------------------------------------------------------

interface Expression { build(): string; }
interface LikeExpression extends Expression {
  match(left: boolean, right: boolean): LikeExpression;
  escape(...pairs: string[]): LikeExpression;
}
declare const $dbx: {
  exp(sql: string, params?: object): Expression;
  hashExp(values: object): Expression;
  not(one: Expression): Expression;
  and(...all: (Expression | null)[]): Expression;
  or(...all: (Expression | null)[]): Expression;
  in(column: string, ...values: any[]): Expression;
  notIn(column: string, ...values: any[]): Expression;
  like(column: string, ...values: string[]): LikeExpression;
  orLike(column: string, ...values: string[]): LikeExpression;
  notLike(column: string, ...values: string[]): LikeExpression;
  orNotLike(column: string, ...values: string[]): LikeExpression;
  exists(one: Expression): Expression;
  notExists(one: Expression): Expression;
  between(column: string, from: any, to: any): Expression;
  notBetween(column: string, from: any, to: any): Expression;
};
interface Database {
  newQuery(sql: string): SqlQuery;
  select(...columns: string[]): SelectQuery;
}
interface SqlQuery {
  bind(params: object): SqlQuery;
  andBind(params: object): SqlQuery;
  sql(): string;
  /** Into `arrayOf(new DynamicModel({...}))`. */
  all(list: any[]): void;
  /** Into a `DynamicModel`; throws when there is nothing. */
  one(model: object): void;
  row(...models: any[]): (string | null)[];
  column(list?: any[]): (string | null)[];
  rows(): { [column: string]: string | null }[];
}
interface SelectQuery {
  select(...columns: string[]): SelectQuery;
  andSelect(...columns: string[]): SelectQuery;
  distinct(on: boolean): SelectQuery;
  from(...tables: string[]): SelectQuery;
  join(kind: string, table: string, on?: Expression): SelectQuery;
  innerJoin(table: string, on?: Expression): SelectQuery;
  leftJoin(table: string, on?: Expression): SelectQuery;
  rightJoin(table: string, on?: Expression): SelectQuery;
  where(one: Expression | null): SelectQuery;
  andWhere(one: Expression): SelectQuery;
  orWhere(one: Expression): SelectQuery;
  groupBy(...columns: string[]): SelectQuery;
  andGroupBy(...columns: string[]): SelectQuery;
  having(one: Expression): SelectQuery;
  andHaving(one: Expression): SelectQuery;
  orderBy(...keys: string[]): SelectQuery;
  andOrderBy(...keys: string[]): SelectQuery;
  limit(count: number): SelectQuery;
  offset(count: number): SelectQuery;
  bind(params: object): SelectQuery;
  andBind(params: object): SelectQuery;
  build(): SqlQuery;
  all(list: any[]): void;
  one(model: object): void;
  row(...models: any[]): (string | null)[];
  column(list?: any[]): (string | null)[];
}
/** What an answer of SQL is put into: its values say which kinds they are. */
declare class DynamicModel { constructor(shape: object); [name: string]: any; }
declare function arrayOf<T>(model: T): T[];
declare function nullString(): any;
declare function nullInt(): any;
declare function nullFloat(): any;
declare function nullBool(): any;
declare function nullArray(): any;
declare function nullObject(): any;

// --- Mails, requests, the rest ------------------------------------------------------------------

declare class MailerMessage {
  constructor(data?: { to?: any; subject?: string; html?: string; text?: string; from?: any });
  to: any;
  subject: string;
  html: string;
  [name: string]: any;
}
declare const $mails: {
  sendRecordVerification(app: App, record: RecordModel): void;
  sendRecordPasswordReset(app: App, record: RecordModel): void;
  sendRecordChangeEmail(app: App, record: RecordModel, newEmail: string): void;
  sendRecordOTP(app: App, record: RecordModel, otpId: string, code: string): void;
  sendRecordAuthAlert(app: App, record: RecordModel, info: string): void;
};
declare const $apis: {
  requireAuth(...collections: string[]): Guard;
  requireSuperuserAuth(): Guard;
  requireGuestOnly(): Guard;
  requireSuperuserOrOwnerAuth(parameter?: string): Guard;
  skipSuccessActivityLog(): Guard;
  gzip(): Guard;
  bodyLimit(bytes: number): Guard;
  static(folder: any, indexFallback: boolean): Handler<RequestEvent>;
  recordAuthResponse(e: RequestEvent, record: RecordModel, authMethod: string, meta?: any): void;
  enrichRecord(e: RequestEvent, record: RecordModel, ...expands: string[]): void;
  enrichRecords(e: RequestEvent, records: RecordModel[], ...expands: string[]): void;
};
declare const $security: {
  md5(text: string): string;
  sha256(text: string): string;
  sha512(text: string): string;
  hs256(text: string, secret: string): string;
  hs512(text: string, secret: string): string;
  equal(a: string, b: string): boolean;
  randomString(length?: number): string;
  randomStringWithAlphabet(length: number, alphabet: string): string;
  pseudorandomString(length?: number): string;
  pseudorandomStringWithAlphabet(length: number, alphabet: string): string;
  createJWT(payload: object, key: string, seconds: number): string;
  parseJWT(token: string, key: string): any;
  parseUnverifiedJWT(token: string): any;
  randomStringByRegex(pattern: string): string;
  /** AES-256 in Galois mode; the key has 32 letters. */
  encrypt(text: Bytes, key: string): string;
  decrypt(text: string, key: string): string;
};
declare const $filepath: {
  base(path: string): string;
  clean(path: string): string;
  dir(path: string): string;
  ext(path: string): string;
  isAbs(path: string): boolean;
  join(...parts: string[]): string;
  rel(base: string, target: string): string;
  split(path: string): [string, string];
  splitList(list: string): string[];
  toSlash(path: string): string;
  fromSlash(path: string): string;
};
declare const $http: {
  send(options: { url: string; method?: string; body?: any; data?: any; headers?: { [name: string]: string }; timeout?: number }): {
    statusCode: number; headers: { [name: string]: string[] }; cookies: any; raw: string; body: number[]; json: any;
  };
};
declare const console: {
  log(...values: any[]): void;
  info(...values: any[]): void;
  debug(...values: any[]): void;
  warn(...values: any[]): void;
  error(...values: any[]): void;
};
/** A request as rules see it. */
declare const RequestInfo: { new (data?: object): RequestInfoModel };
interface RequestInfoModel {
  method: string;
  context: string;
  query: { [name: string]: string };
  headers: { [name: string]: string };
  body: { [name: string]: any };
  auth: RecordModel | null;
  hasSuperuserAuth(): boolean;
}
declare class Cookie {
  constructor(data: object);
  name: string;
  value: string;
  path?: string;
  domain?: string;
  maxAge?: number;
  secure?: boolean;
  httpOnly?: boolean;
  sameSite?: number | string;
}
declare class Context {
  constructor(parent?: Context | null, key?: any, value?: any);
  value(key: any): any;
}
/** What clients get: a status from 400 to 599, a message, what is wrong by field. */
declare class ApiError extends Error {
  constructor(status?: number, message?: string, data?: any);
  status: number;
  data: any;
}
declare class ValidationError extends Error { constructor(code: string, message: string); code: string; }
/** 400. */
declare class BadRequestError extends ApiError { constructor(message?: string, data?: any); }
/** 401. */
declare class UnauthorizedError extends ApiError { constructor(message?: string, data?: any); }
/** 403. */
declare class ForbiddenError extends ApiError { constructor(message?: string, data?: any); }
/** 404. */
declare class NotFoundError extends ApiError { constructor(message?: string, data?: any); }
/** 429. */
declare class TooManyRequestsError extends ApiError { constructor(message?: string, data?: any); }
/** 500. */
declare class InternalServerError extends ApiError { constructor(message?: string, data?: any); }
/** The folder of the hooks. */
declare const __hooks: string;
declare function require(path: string): any;
declare function sleep(millis: number): void;
declare function toString(value: any): string;
declare function readerToString(value: any): string;
declare function toBytes(value: any): number[];
declare function unmarshal(data: any, target: object): void;
