#pragma once
#include "base/error.h"

// What can go wrong with jobs' data, as users meet it. 050 to 099; the engine's are in codes.h.
namespace spillway::staging {

inline constexpr Code kBadDirective{"SPW-STAGE-050", "the line is no directive that Spillway knows",
                                    "write #SPILLWAY stage_in SRC [DST], or "
                                    "#SPILLWAY stage_out SRC DST [on=success|always]"};
inline constexpr Code kBadQuoting{"SPW-STAGE-051",
                                  "a quote is opened and never closed, or a backslash ends the line",
                                  "close the quote; inside double quotes write \\\" and \\\\"};
inline constexpr Code kBadPath{
    "SPW-STAGE-052", "a path of a directive may not climb with \"..\", be empty, or hold control characters",
    "write the path itself, absolute or from the job's working directory"};
inline constexpr Code kBadSubstitution{
    "SPW-STAGE-053",
    "known are %j %A %a %u %% and $USER, $SLURM_JOB_ID, $SLURM_ARRAY_JOB_ID, "
    "$SLURM_ARRAY_TASK_ID",
    "write %% or \\$ for the character itself"};
inline constexpr Code kOutOfReach{"SPW-STAGE-054", "the job's user may not use that path",
                                  "ls -ld the path and the folders above it, as that user"};
inline constexpr Code kTooManyDirectives{"SPW-STAGE-055", "a job may have 64 directives",
                                         "name a folder that holds the others"};
inline constexpr Code kNoSuchJob{"SPW-STAGE-056",
                                 "no data was asked for by a job of that number, or it was forgotten",
                                 "spillway data status"};
inline constexpr Code kBadStep{"SPW-STAGE-057", "another process brought this data further meanwhile",
                               "spillway data status JOB"};
inline constexpr Code kLost{"SPW-STAGE-058", "the node ended before its results were in the bucket",
                            "spillway data status JOB names them; run the job again"};
inline constexpr Code kInputChanged{"SPW-STAGE-059", "somebody wrote to the input while it was uploaded",
                                    "submit the job again when nothing writes there"};
inline constexpr Code kPolicyTooLong{"SPW-STAGE-060",
                                     "AWS takes session policies of at most 2,048 characters",
                                     "use fewer stage_in directives, or one folder that holds them all"};
inline constexpr Code kNotCommitted{"SPW-STAGE-061",
                                    "the node has not committed its results to the bucket yet",
                                    "spillway data status JOB; it is asked again by itself"};
inline constexpr Code kBadOrder{"SPW-STAGE-062",
                                "what a program of ours was told on its standard input is no order",
                                "this program is started by Spillway, not by hand"};
inline constexpr Code kMayNotBecome{
    "SPW-STAGE-063", "the helper becomes only ordinary users, and only for SlurmUser",
    "root and system accounts have no staging; check the helper's owner and mode"};
inline constexpr Code kNoStageRole{
    "SPW-STAGE-064", "without a role for staging no job can be given its own access", "sudo spillway apply"};
inline constexpr Code kOneNodeOnly{
    "SPW-STAGE-065", "the results of several nodes of a job would be written over each other",
    "stage out from jobs of one node, or write results to a shared file system"};

}  // namespace spillway::staging
