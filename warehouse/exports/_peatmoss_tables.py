"""The 56 tables of PeaTMOSS (Jiang et al., MSR 2024) for SQLAlchemy.

One line a table: its columns in their order. ``name`` is text, ``name#`` an integer, ``name>table`` a reference to the id
of that table. A table has an integer primary key ``id``, unless it only links two others: then both columns are its
key. ``=name`` or ``=one,other`` closes a line with what must be unique. ``context_id`` of a model is declared an integer
and holds text, which SQLite allows; the published database and its programs do the same.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

_SPEC = """
ptm_issues: repo_url =repo_url
ptm_pull_requests: repo_url =repo_url
hf_git_ref_info: name ref target_commit
model_hub: name url =name =url
architecture: name =name
author: name =name
dataset: name =name
framework: name =name
language: name abbreviation =name =abbreviation
library: name =name
license: name =name
paper: name =name
tag: name =name
reuse_repository: owner name url =owner,name
github_pull_request: additions# author_id>github_user base_ref_name body changed_files# closed# closed_at created_at
    deletions# head_ref_name head_repository_id>github_repository head_repository_owner_id>github_user
    is_cross_repository# is_draft# maintainer_can_modify# merge_commit_id>github_merge_commit merge_state_status mergeable
    merged_at merged_by_id>github_user milestone_id>github_milestone number#
    potential_merge_commit_id>github_merge_commit project_cards review_decision state title updated_at url =url
github_commit: authored_date committed_date message_body message_headline oid pull_request_id>github_pull_request
github_merge_commit: commit_id>github_commit
github_milestone: number# title description due_on
github_repository: name url
github_user: login email name =login
model: context_id# model_hub_id>model_hub sha repo_url downloads# likes# has_snapshot# ptm_issues_id>ptm_issues
    ptm_pull_requests_id>ptm_pull_requests =context_id
ptm_pull_request_to_pull_request: ptm_pull_request_id>ptm_pull_requests github_pull_request_id>github_pull_request
reuse_repo_to_pull_request: reuse_repository_id>reuse_repository github_pull_request_id>github_pull_request
github_issue: author_id>github_user body closed# closed_at created_at comment_id milestone_id>github_milestone number#
    project_cards state title updated_at url =url
github_pull_request_file: path additions# deletions# pull_request_id>github_pull_request
pull_request_to_assignee: pull_request_id>github_pull_request assignee_id>github_user
pull_request_to_review_requests: pull_request_id>github_pull_request review_request_id>github_user
commit_to_author: commit_id>github_commit author_id>github_user
github_review: author_id>github_user author_association body submitted_at includes_created_edit# state
    pull_request_id>github_pull_request
github_status_check_rollup: name status conclusion started_at completed_at details_url
    pull_request_id>github_pull_request
ptm_issue_to_issue: ptm_issue_id>ptm_issues github_issue_id>github_issue
hf_commit: commit_id created_at title message model_id>model
hf_git_ref: model_id>model
model_to_architecture: model_id>model architecture_id>architecture
model_to_author: model_id>model author_id>author
model_to_dataset: model_id>model dataset_id>dataset
model_to_framework: model_id>model framework_id>framework
model_to_language: model_id>model language_id>language
model_to_library: model_id>model library_id>library
model_to_license: model_id>model license_id>license
model_to_paper: model_id>model paper_id>paper
model_to_tag: model_id>model tag_id>tag
discussion: title status num# repo_id repo_type is_pull_request# created_at endpoint target_branch merge_commit_oid diff
    model_id>model
reuse_repo_to_issue: reuse_repository_id>reuse_repository github_issue_id>github_issue
reuse_file: path model_id>model reuse_repository_id>reuse_repository =path,model_id
model_to_reuse_repository: model_id>model reuse_repository_id>reuse_repository
issue_to_assignee: issue_id>github_issue assignee_id>github_user
github_comment: author_id>github_user author_association body created_at includes_created_edit# is_minimized#
    minimized_reason issue_id>github_issue pull_request_id>github_pull_request
github_label: name description color issue_id>github_issue pull_request_id>github_pull_request
hf_commit_to_author: hf_commit_id>hf_commit author_id>author
hf_git_ref_to_branch: hf_git_ref_id>hf_git_ref hf_git_ref_info_id>hf_git_ref_info
hf_git_ref_to_tag: hf_git_ref_id>hf_git_ref hf_git_ref_info_id>hf_git_ref_info
discussion_to_author: discussion_id>discussion author_id>author
file_path: path discussion_id>discussion
discussion_event: event_id type created_at author content edited# hidden# new_status summary oid old_title new_title
    discussion_id>discussion
github_reaction_group: content total_count# issue_id>github_issue pull_request_id>github_pull_request
    github_comment_id>github_comment review_id>github_review
"""


def tables() -> MetaData:
    """The tables, in one ``MetaData``; several of them refer to each other in a circle, which SQLite allows."""
    found = MetaData()
    for line in _SPEC.strip().replace("\n    ", " ").split("\n"):
        name, _, words = line.partition(": ")
        _table(found, name, words.split())
    return found


def _table(metadata: MetaData, name: str, words: list[str]) -> None:
    columns = [word for word in words if not word.startswith("=")]
    unique = [UniqueConstraint(*word[1:].split(",")) for word in words if word.startswith("=")]
    links = "_to_" in name
    key: list[Column[Any]] = [] if links else [Column("id", Integer, primary_key=True)]
    Table(name, metadata, *key, *(_column(word, primary=links) for word in columns), *unique)


def _column(word: str, *, primary: bool) -> Column[Any]:
    name, _, table = word.partition(">")
    if table:
        return Column(name, Integer, ForeignKey(f"{table}.id"), primary_key=primary)
    return Column(name.rstrip("#"), Integer if name.endswith("#") else String)
