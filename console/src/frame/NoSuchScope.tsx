import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Page } from "../parts/Page";

/** An address whose product or organisation is gone, or not for the person who came to it. */
export function NoSuchScope({ slug }: { slug: string }) {
  const what = slug.startsWith("org-") ? "organisation" : "product";
  return (
    <Page
      title={`There is no such ${what} of yours`}
      says="It was deleted, or you are not on its team. Its owner or an administrator can add you."
    >
      <div>
        <Button component={Link} to="/me/products" variant="light">
          To my products
        </Button>
      </div>
    </Page>
  );
}
