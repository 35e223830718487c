import { Button, Stack, Title } from "@mantine/core";
import { IconBuilding, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { OrganisationForm } from "./OrganisationForm";
import { OrganisationTable } from "./OrganisationTable";
import { ProductForm } from "./ProductForm";
import { ProductTable } from "./ProductTable";
import { organisations, products } from "../../api/queries";
import { Page } from "../../parts/Page";
import { Failed, Loading } from "../../parts/State";

/** The products and organisations that I work in, whatever scope is open. */
export default function Products() {
  const [making, setMaking] = useState<"product" | "organisation" | null>(null);
  const mine = useQuery(products);
  const orgs = useQuery(organisations);
  const close = () => setMaking(null);
  return (
    <Page
      title="Products"
      says="A product groups a fleet of devices under one team. Open one to see its events and integrations."
      actions={
        <>
          <Button
            variant="default"
            leftSection={<IconBuilding size={16} />}
            onClick={() => setMaking("organisation")}
          >
            New organisation
          </Button>
          <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking("product")}>
            New product
          </Button>
        </>
      }
    >
      {mine.isPending && <Loading rows={4} height={52} />}
      {mine.isError && <Failed error={mine.error} retry={() => void mine.refetch()} />}
      {mine.data && (
        <ProductTable products={mine.data} orgs={orgs.data ?? []} make={() => setMaking("product")} />
      )}
      <Stack gap="xs" mt="md">
        <Title order={2} size="h4">
          Organisations
        </Title>
        {orgs.isPending && <Loading rows={2} height={52} />}
        {orgs.isError && <Failed error={orgs.error} retry={() => void orgs.refetch()} />}
        {orgs.data && <OrganisationTable orgs={orgs.data} />}
      </Stack>
      {making === "product" && <ProductForm orgs={orgs.data ?? []} onClose={close} />}
      {making === "organisation" && <OrganisationForm onClose={close} />}
    </Page>
  );
}
