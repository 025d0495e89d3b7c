using Radar.Workers.Supervision;

namespace Radar.Workers.Tests.Supervision;

public sealed class ContactTests
{
    private readonly ManualTime _time = new();
    private readonly Contact _contact;

    public ContactTests() => _contact = new Contact(TimeSpan.FromSeconds(10), _time);

    [Fact]
    public void IsSteady_AfterALeaseOfAnswers_UntilOneFails()
    {
        Assert.False(_contact.IsSteady);
        for (var outage = 0; outage < 2; outage++)
        {
            _contact.Made();
            Answer(9);
            Assert.False(_contact.IsSteady);
            Answer(1);
            Assert.True(_contact.IsSteady);
            _contact.Broke();
            Assert.False(_contact.IsSteady);
        }
    }

    [Fact]
    public void IsSteady_AnAnswerHalfALeaseAfterTheOneBefore_IsABreak()
    {
        _contact.Made();
        Answer(20);
        Assert.True(_contact.IsSteady);
        _time.Advance(TimeSpan.FromSeconds(5));
        _contact.Made();
        Assert.False(_contact.IsSteady);
    }

    private void Answer(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _contact.Made();
        }
    }
}
