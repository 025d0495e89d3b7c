// Each of these tests runs a whole system; two at once would only measure how they starve each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
