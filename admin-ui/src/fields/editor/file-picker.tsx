import { Button, Group, Modal, ScrollArea, Select, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCollections } from "@/api/collections";
import { fileKind, fileUrl } from "@/api/files";
import { listRecords, type Row, searchFilter } from "@/api/records";
import { type Collection, type FileField, isMultiple } from "@/api/schema";
import { t } from "@/i18n";
import { useRemembered } from "@/lib/use-remembered";
import { IconFile, IconSearch } from "@/ui/icons";
import { FailureNotice, ListLoading, Notice } from "@/ui/states";
import { useFocusBack } from "@/ui/use-focus-back";
import classes from "./input.module.css";

interface Stored {
  row: Row;
  field: FileField;
  name: string;
}

interface Props {
  pick: (name: string, address: string, isImage: boolean) => void;
  close: () => void;
}

const PER_PAGE = 30;
const WHOLE = "";

/** Files that whoever reads the text may see, too: those of protected fields need a key that ends. */
const openFields = (collection: Collection) => collection.fields.filter((field): field is FileField => field.type === "file" && !field.protected);

function withFiles(collection: Collection, typed: string): string {
  const any = openFields(collection).map((field) => (isMultiple(field) ? `${field.name}:length > 0` : `${field.name} != ""`)).join(" || ");
  const found = searchFilter(collection, typed);
  return found ? `(${any}) && (${found})` : any;
}

/** Stored files of any collection, to put one into a text. */
export function FilePicker({ pick, close }: Props) {
  useFocusBack();
  const collections = useCollections().all.filter((each) => each.type !== "view" && openFields(each).length > 0);
  const [wanted, setWanted] = useRemembered("file-picker", "");
  const collection = collections.find((each) => each.id === wanted) ?? collections[0];
  return (
    <Modal opened onClose={close} title={t("Insert a stored file")} size="lg" zIndex={300} closeButtonProps={{ "aria-label": t("Close") }}>
      {collection ? (
        <Stack gap="sm">
          {collections.length > 1 && <Select label={t("Collection")} searchable allowDeselect={false} data={collections.map((each) => ({ value: each.id, label: each.name }))} value={collection.id} onChange={(id) => setWanted(id ?? "")} />}
          <Files key={collection.id} collection={collection} pick={pick} />
        </Stack>
      ) : (
        <Notice icon={IconFile} title={t("No stored files")}>{t("A collection with a file field that is not protected holds what can be put into texts.")}</Notice>
      )}
    </Modal>
  );
}

function Files({ collection, pick }: { collection: Collection; pick: Props["pick"] }) {
  const [typed, setTyped] = useState("");
  const [term] = useDebouncedValue(typed, 200);
  const [chosen, setChosen] = useState<Stored | null>(null);
  const [size, setSize] = useState(WHOLE);
  const filter = withFiles(collection, term);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["stored-files", collection.id, filter],
    queryFn: ({ pageParam, signal }) => listRecords(collection.name, pageParam, { filter, sort: "-@rowid", perPage: PER_PAGE, signal }),
    initialPageParam: 1,
    getNextPageParam: (last, all) => (last.length === PER_PAGE ? all.length + 1 : undefined),
  });
  const files = (data?.pages.flat() ?? []).flatMap((row) => openFields(collection).flatMap((field) => [row[field.name] ?? []].flat().filter(Boolean).map((name): Stored => ({ row, field, name: String(name) }))));
  const isImage = chosen !== null && fileKind(chosen.name) === "image";
  const sizes = isImage ? (chosen.field.thumbs ?? []) : [];
  return (
    <>
      <TextInput data-autofocus leftSection={<IconSearch size={16} />} placeholder={t("Search, or write a filter")} aria-label={t("Search, or write a filter")} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <ScrollArea h={300} className={classes["files"] ?? ""}>
        {isPending && <ListLoading />}
        {error && <FailureNotice failure={error} retry={() => void refetch()} />}
        {data && files.length === 0 && <Notice title={t("Nothing found")} />}
        <SimpleGrid cols={{ base: 3, xs: 5 }} spacing="xs" p="xs" role="listbox" aria-label={t("Stored files")}>
          {files.map((file) => (
            <UnstyledButton key={`${file.row.id} ${file.name}`} role="option" aria-selected={chosen?.name === file.name && chosen.row.id === file.row.id} className={classes["file"] ?? ""} title={file.name} onClick={() => setChosen(file)}>
              {fileKind(file.name) === "image" ? <img src={fileUrl(file.row, file.name, { thumb: "100x100" })} alt="" loading="lazy" /> : <IconFile size={30} stroke={1.3} aria-hidden />}
              <span className="hs-clip">{file.name}</span>
            </UnstyledButton>
          ))}
        </SimpleGrid>
        {hasNextPage && (
          <Button variant="subtle" fullWidth loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("Load more")}
          </Button>
        )}
      </ScrollArea>
      <Group justify="space-between" align="flex-end">
        {isImage ? (
          <Select label={t("Size")} w={180} allowDeselect={false} data={[{ value: WHOLE, label: t("as it is stored") }, ...sizes.map((each) => ({ value: each, label: each }))]} value={sizes.includes(size) ? size : WHOLE} onChange={(next) => setSize(next ?? WHOLE)} />
        ) : (
          <Text size="sm" c="dimmed">{chosen ? t("A link to the file is put in.") : ""}</Text>
        )}
        <Button disabled={chosen === null} onClick={() => chosen && pick(chosen.name, fileUrl(chosen.row, chosen.name, sizes.includes(size) ? { thumb: size } : {}), isImage)}>
          {t("Insert")}
        </Button>
      </Group>
    </>
  );
}
