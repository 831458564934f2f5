-- As a flow's fold writes them.
INSERT INTO transactions (flow, transaction_id, revision, reference, keys, state, stage, started_at, updated_at, ended_at, first_at, last_at,
    facts, failed_milestone, failed_stage, failed_at, cause, events)
SELECT
    {flow:String}, transaction_id, {revision:UInt64}, reference,
    map({first_key:String}, [reference], {second_key:String}, [concat('8', reference)]),
    if(reached = length(at), 'completed', 'open'), {names:Array(String)}[reached], at[1], at[reached],
    if(reached = length(at), at[reached], NULL),
    mapFromArrays(arraySlice({names:Array(String)}, 1, reached), arraySlice(at, 1, reached)),
    mapFromArrays(arraySlice({names:Array(String)}, 1, reached), arraySlice(at, 1, reached)),
    map('amount', toString(value), 'currency', currency, 'customer', customer, 'plant', plant),
    if(failed, 'rejected', ''), if(failed, {names:Array(String)}[reached + 1], ''), if(failed, at[reached], NULL),
    if(failed, 'MATERIAL_LOCKED', ''), reached
FROM bench_runs
