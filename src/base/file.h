/* SPDX-License-Identifier: MIT */
#pragma once
/* Small files: read whole, written whole or not at all. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * file_read() - the content of a regular file.
 *
 * @max_bytes  refuses larger ones.
 * @ret        NUL-terminated; @ret_size (may be NULL) without that byte.
 * Errors:     -errno of open and read, -EFBIG, -EISDIR.
 */
int file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_size);

/** fd_read_all() - the same from an open descriptor, up to its end. Errors: -errno, -EFBIG. */
int fd_read_all(int fd, size_t max_bytes, char **ret, size_t *ret_size);

/**
 * file_open_in() - a regular file below the open directory @root, in which strangers may write, to be read: nothing outside
 * is opened, whatever a link says, and no pipe or device, as some act when they are opened.
 *
 * @links  whether a link to another place in @root is followed.
 * Errors: -errno; -EINVAL for what is no regular file. It needs /proc.
 */
int file_open_in(int root, const char *path, bool links);

/** file_unlink_in() - removes the file @path below the open directory @root, through no link and from nowhere else. Errors: -errno. */
int file_unlink_in(int root, const char *path);

/**
 * file_write() - @path holds exactly @text afterwards, or what it held before: a file without a name, fsync, a link,
 * rename, fsync of the directory.
 *
 * The link is ".NAME.new" beside @path, a name that is ours: whatever stands there is removed. Where files without a name
 * cannot be (NFS), the text is written under it, and two writers of one @path must not meet.
 *
 * Errors: -errno; nothing is left under that name.
 */
int file_write(const char *path, const char *text, mode_t mode);

/** file_forget_unfinished() - removes what a power cut may have left of a file_write() to @path, and nothing else. */
void file_forget_unfinished(const char *path);

/** make_dirs() - @path and what is missing above it, like mkdir -p; @mode holds for the last one. Errors: -errno. */
int make_dirs(const char *path, mode_t mode);

/** directory_has_entries() - 1: it holds something beside a file system's own lost+found, 0: nothing. Errors: -errno. */
int directory_has_entries(const char *path);
/** directory_is_empty() - false also when it cannot be read. */
bool directory_is_empty(const char *path);

/**
 * remove_tree_at() - like rm -rf of @name below @directory_fd: directory by directory as they were opened, so nobody who
 * moves one meanwhile leads it elsewhere; without following links or entering what is mounted.
 *
 * Errors: -errno, -EXDEV for a mount; absence is none.
 */
int remove_tree_at(int directory_fd, const char *name);
/** remove_tree() - the same of a path, whose last component alone is looked at so. */
int remove_tree(const char *path);

/** directory_is_ours() - the open directory @fd is our user's, and nobody else may make, rename or remove anything in it. */
bool directory_is_ours(int fd);
