// Each of these tests runs a whole pipeline; two at once would only measure how they starve each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
