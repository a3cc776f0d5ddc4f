import type { ControlCall } from './control-call.js';
import type { GroupView } from './control/views.js';
import type { GroupSettings } from './groups/group-settings.js';
import type { MemberAction } from './groups/membership.js';

/** What persons do with groups on their phones. Every method rejects with WhatsappApiError when it is refused. */
export class GroupClient {
  readonly #call: ControlCall;

  constructor(call: ControlCall) {
    this.#call = call;
  }

  /** Opens a group; members are addressed by LID unless told otherwise. */
  async create(creator: string, subject: string, members: readonly string[], addressing?: 'lid' | 'pn'): Promise<GroupView> {
    return this.#call('POST', '/groups', { creator, subject, members, addressing });
  }

  async get(jid: string): Promise<GroupView> {
    return this.#call('GET', `/groups/${encodeURIComponent(jid)}`);
  }

  async list(): Promise<readonly GroupView[]> {
    return (await this.#call<{ groups: GroupView[] }>('GET', '/groups')).groups;
  }

  /** Adds, removes, promotes or demotes; gives an error code for each that could not be done. */
  async changeMembers(
    jid: string,
    by: string,
    action: MemberAction,
    numbers: readonly string[],
  ): Promise<readonly { number: string; error: number | null }[]> {
    const order = { by, action, numbers };
    const path = `/groups/${encodeURIComponent(jid)}/members`;
    return (await this.#call<{ members: { number: string; error: number | null }[] }>('POST', path, order)).members;
  }

  async change(jid: string, by: string, settings: GroupSettings): Promise<GroupView> {
    return this.#call('POST', `/groups/${encodeURIComponent(jid)}/settings`, { by, ...settings });
  }

  /** Makes the group's link worthless; gives the code of the new one. */
  async revokeInvite(jid: string, by: string): Promise<string> {
    return (await this.#call<{ code: string }>('POST', `/groups/${encodeURIComponent(jid)}/invite`, { by })).code;
  }

  /** Lets people in who asked, or sends them away. */
  async decideRequests(jid: string, by: string, approve: boolean, numbers: readonly string[]): Promise<GroupView> {
    return this.#call('POST', `/groups/${encodeURIComponent(jid)}/requests`, { by, approve, numbers });
  }

  async leave(jid: string, number: string): Promise<GroupView> {
    return this.#call('POST', `/groups/${encodeURIComponent(jid)}/leave`, { number });
  }

  /** Opens a group's link on a phone; `waits` when admins have to let it in. */
  async join(number: string, code: string): Promise<{ jid: string; waits: boolean }> {
    return this.#call('POST', '/join', { number, code });
  }
}
