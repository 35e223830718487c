import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";

import { Accounts } from "./Accounts";
import { Alerts } from "./Alerts";
import { Password } from "./Password";
import { Secrets } from "./Secrets";
import { Team } from "./Team";
import { Tokens } from "./Tokens";
import { session } from "../../api/queries";
import { useAddress } from "../../frame/useAddress";
import { useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";

interface Tab {
  tab: string;
  label: string;
  panel: ComponentType;
}

const PASSWORD: Tab = { tab: "password", label: "Password", panel: Password };
const TOKENS: Tab = { tab: "tokens", label: "Tokens", panel: Tokens };
const SECRETS: Tab = { tab: "secrets", label: "Secrets", panel: Secrets };
const ALERTS: Tab = { tab: "alerts", label: "Alerts", panel: Alerts };
const TEAM: Tab = { tab: "team", label: "Team", panel: Team };
const ACCOUNTS: Tab = { tab: "accounts", label: "Accounts", panel: Accounts };

/** What can be set of my account and of the scope; what is the scope's own comes first. */
export default function Settings() {
  const { scope, name } = useScope();
  const { data } = useQuery(session);
  const [asked, change] = useAddress();
  const tabs = [
    ...(scope.kind === "me"
      ? [PASSWORD, TOKENS, SECRETS, ALERTS]
      : [TEAM, SECRETS, ALERTS, PASSWORD, TOKENS]),
    ...(data?.user.administrator ? [ACCOUNTS] : []),
  ];
  const open = tabs.find(({ tab }) => tab === asked["tab"]) ?? tabs[0];
  return (
    <Page
      title="Settings"
      says={
        scope.kind === "me"
          ? `Your account, ${data?.user.username ?? ""}, and the secrets and alerts of your own integrations.`
          : `The team, the secrets and the alerts of ${name}, and your account.`
      }
    >
      <Tabs
        value={open?.tab ?? null}
        onChange={(tab) => change({ tab: tab ?? undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {tabs.map(({ tab, label }) => (
            <Tabs.Tab key={tab} value={tab}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ tab, panel: Panel }) => (
          <Tabs.Panel key={tab} value={tab}>
            <Panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
