// The one file that imports Baileys: what of it is used, under the names it is used by.
export {
  makeWASocket,
  Browsers,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  decodeMessageNode,
  decryptPollVote,
  initAuthCreds,
  proto,
  unpadRandomMax16,
  WAMessageStubType,
} from '@whiskeysockets/baileys';
export type {
  AuthenticationCreds,
  AuthenticationState,
  BaileysEventMap,
  BinaryNode,
  MessageUserReceipt,
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStoreWithTransaction,
  SignalRepositoryWithLIDStore,
  UserFacingSocketConfig,
  WAMessage,
  WAMessageKey,
  WASocket,
} from '@whiskeysockets/baileys';
