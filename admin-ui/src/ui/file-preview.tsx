import { Anchor, Modal, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { fileKind, loadPdf, loadText } from "@/api/files";
import { t } from "@/i18n";
import { IconExternalLink } from "./icons";
import { CodeBlock } from "./code-block";
import { FailureNotice, ListLoading } from "./states";
import { useObjectUrl } from "./use-object-url";
import classes from "./file-preview.module.css";

/** A stored file in a dialog, as far as a browser can show it. */
export function FilePreview({ name, url, close }: { name: string; url: string; close: () => void }) {
  return (
    <Modal opened={name !== ""} onClose={close} title={name} size={fileKind(name) === "pdf" ? "min(64rem, 96vw)" : "xl"} closeButtonProps={{ "aria-label": t("Close") }}>
      <Stack align="center">
        <Content name={name} url={url} />
        <Anchor href={url} target="_blank" rel="noreferrer" size="sm">
          {t("Open in a new tab")} <IconExternalLink size={14} />
        </Anchor>
      </Stack>
    </Modal>
  );
}

function Content({ name, url }: { name: string; url: string }) {
  switch (fileKind(name)) {
    case "image":
      return <img src={url} alt={name} className={classes["media"]} />;
    case "video":
      // oxlint-disable-next-line jsx-a11y/media-has-caption -- captions are not part of a stored file
      return <video src={url} controls className={classes["media"]} />;
    case "audio":
      // oxlint-disable-next-line jsx-a11y/media-has-caption -- captions are not part of a stored file
      return <audio src={url} controls />;
    case "text":
      return <TextContent name={name} url={url} />;
    case "pdf":
      // Browsers of phones have no viewer of their own.
      return navigator.pdfViewerEnabled ? <PdfContent name={name} url={url} /> : null;
    default:
      return null;
  }
}

const PDF_BYTES_MAX = 50_000_000;

/** Stored files come with a policy under which browsers show no PDF in a frame; a copy that the page has made comes with the page's. */
function PdfContent({ name, url }: { name: string; url: string }) {
  const { data = null, error, isPending, refetch } = useQuery({ queryKey: ["file-pdf", url], queryFn: ({ signal }) => loadPdf(url, PDF_BYTES_MAX, signal), gcTime: 0 });
  const address = useObjectUrl(data);
  if (isPending) return <ListLoading />;
  if (error) return <FailureNotice failure={error} retry={() => void refetch()} />;
  // oxlint-disable-next-line react/iframe-missing-sandbox -- Chromium shows no PDF in a sandbox; the copy is nothing but a PDF, whatever it holds
  return address ? <iframe src={address} title={name} className={classes["pdf"]} /> : null;
}

const TEXT_MAX = 100_000;

function TextContent({ name, url }: { name: string; url: string }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["file-text", url], queryFn: ({ signal }) => loadText(url, TEXT_MAX, signal) });
  if (isPending) return <ListLoading />;
  if (error) return <FailureNotice failure={error} retry={() => void refetch()} />;
  return (
    <div className={classes["text"]}>
      <CodeBlock label={name} code={data} />
    </div>
  );
}
