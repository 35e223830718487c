import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import { atLeast, useScope } from "../../frame/useScope";
import { Page } from "../../parts/Page";
import { AddDevice } from "./AddDevice";
import { DevicesOfProduct, MyDevices, ProductsOfOrganisation } from "./lists";

/** The devices of the scope: the person's own, a product's, or by way of its products an organisation's. */
export default function Devices() {
  const { slug, scope, name, role } = useScope();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text.trim(), 200);
  const [adding, setAdding] = useState(false);
  if (scope.kind === "org") {
    return (
      <Page title="Devices" says={`${name} has devices through its products.`}>
        <ProductsOfOrganisation org={scope.id} />
      </Page>
    );
  }
  const add = scope.kind === "me" ? "Claim a device" : "Add a device";
  const mayAdd = atLeast(role, "developer");
  return (
    <Page
      title="Devices"
      says={
        scope.kind === "me" ? "The devices that you have claimed." : `All devices of ${name}, claimed or not.`
      }
      actions={
        mayAdd && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            {add}
          </Button>
        )
      }
    >
      <TextInput
        aria-label="Search devices"
        placeholder="Name or id"
        type="search"
        maw={420}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(change) => setText(change.currentTarget.value)}
      />
      {scope.kind === "me" ? (
        <MyDevices key={slug} user={scope.user} search={search} />
      ) : (
        <DevicesOfProduct key={slug} product={scope.id} slug={slug} search={search} />
      )}
      {adding && <AddDevice scope={scope} onClose={() => setAdding(false)} />}
    </Page>
  );
}
