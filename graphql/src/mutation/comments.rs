//! Comments and files.

use super::{Sent, payloads, run};
use crate::comment::{Attachment, Comment};
use crate::error::Result;
use crate::node::{read, read_all, read_or};
use crate::words::{CommentEffect, FilePurpose, Visibility};
use async_graphql::{Context, ID, InputObject, Object, Upload};
use model::Error;
use model::attachment::Purpose;
use model::command::{AddComment, Effect};

#[derive(Default)]
pub(super) struct Comments;

/// Something to say on a ticket.
#[derive(InputObject)]
pub struct AddCommentInput {
    /// The ticket.
    ticket: ID,
    /// What to say, 1 to 200,000 characters.
    body: String,
    /// Who may read it; `INTERNAL` is for staff.
    visibility: Option<Visibility>,
    /// What it does to the ticket's status; nothing if nothing is said.
    effect: Option<CommentEffect>,
    /// Files that were uploaded before.
    attachments: Option<Vec<ID>>,
    /// Only if the ticket is still of this version.
    expected_version: Option<i64>,
    /// Makes a repetition harmless: the same id by the same caller says it once only.
    client_mutation_id: Option<String>,
}

/// Another text for a comment of one's own.
#[derive(InputObject)]
pub struct EditCommentInput {
    /// The comment.
    id: ID,
    /// The new text; the old one is kept as a version.
    body: String,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A comment to take back.
#[derive(InputObject)]
pub struct WithdrawCommentInput {
    /// The comment.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Who is to read a comment.
#[derive(InputObject)]
pub struct SetCommentVisibilityInput {
    /// The comment.
    id: ID,
    /// Who may read it.
    visibility: Visibility,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A file to keep until a ticket or comment names it.
#[derive(InputObject)]
pub struct UploadFileInput {
    /// The file, sent by the GraphQL multipart request specification.
    file: Upload,
    /// A name for it, instead of the one that it was sent with.
    filename: Option<String>,
    /// What it is for; an attachment if nothing is said.
    purpose: Option<FilePurpose>,
    /// The ticket that it belongs to from now on. Without one, a ticket or comment has to name it.
    ticket: Option<ID>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What commenting came to.
    AddCommentPayload {
        /// The new comment.
        comment: Comment
    }
    /// What editing a comment came to.
    EditCommentPayload {
        /// The comment as it is now.
        comment: Comment
    }
    /// What taking a comment back came to.
    WithdrawCommentPayload {
        /// The comment as it is now.
        comment: Comment
    }
    /// What changing a comment's readers came to.
    SetCommentVisibilityPayload {
        /// The comment as it is now.
        comment: Comment
    }
    /// What uploading a file came to.
    UploadFilePayload {
        /// The file; name its id in `attachments` of a ticket or comment.
        attachment: Attachment
    }
}

#[Object(name = "MutationComments")]
impl Comments {
    /// Says something on a ticket.
    async fn add_comment(&self, ctx: &Context<'_>, input: AddCommentInput) -> Result<AddCommentPayload> {
        let sent = Sent { client_mutation_id: input.client_mutation_id, expected_version: input.expected_version };
        run(ctx, sent, async |call, by| {
            let add = AddComment {
                visibility: input.visibility.map_or(model::comment::Visibility::Public, Into::into),
                effect: input.effect.map_or(Effect::Keep, Into::into),
                attachments: read_all("attachments", input.attachments.as_deref())?,
                ..AddComment::public(input.body)
            };
            Ok(call.engine.add_comment(&by, read("ticket", &input.ticket)?, add).await?.into())
        })
        .await
    }

    /// Changes the text of a comment of one's own.
    async fn edit_comment(&self, ctx: &Context<'_>, input: EditCommentInput) -> Result<EditCommentPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.edit_comment(&by, read("id", &input.id)?, input.body).await?.into())
        })
        .await
    }

    /// Takes a comment back; staff still see it, greyed.
    async fn withdraw_comment(&self, ctx: &Context<'_>, input: WithdrawCommentInput) -> Result<WithdrawCommentPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.withdraw_comment(&by, read("id", &input.id)?).await?.into())
        })
        .await
    }

    /// Makes a comment internal or public.
    async fn set_comment_visibility(
        &self,
        ctx: &Context<'_>,
        input: SetCommentVisibilityInput,
    ) -> Result<SetCommentVisibilityPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id = read("id", &input.id)?;
            Ok(call.engine.set_comment_visibility(&by, id, input.visibility.into()).await?.into())
        })
        .await
    }

    /// Uploads a file. What no ticket or comment names within a day is thrown away.
    #[graphql(complexity = "10 + child_complexity")]
    async fn upload_file(&self, ctx: &Context<'_>, input: UploadFileInput) -> Result<UploadFilePayload> {
        let file = input.file.value(ctx).map_err(|e| Error::internal(format!("an upload can't be read: {e}")))?;
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let name = input.filename.unwrap_or(file.filename);
            let bytes = tokio::fs::File::from_std(file.content);
            let ticket = read_or("ticket", input.ticket.as_ref())?;
            let received = call.engine.receive(&by, &name, file.content_type.as_deref(), bytes).await?;
            let purpose = input.purpose.map_or(Purpose::Attachment, Into::into);
            Ok(Attachment(call.engine.file(&by, received, purpose, ticket).await?))
        })
        .await
    }
}
