// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqfds as consumers of the host's IRQ bypass manager (linux/irqbypass.h), beside a real producer:
 * vfio-pci, with QEMU's "edu" device behind an emulated IOMMU. Its message interrupt signals an
 * eventfd, which drives a GSI. /proc/PID/fdinfo of the VM's fd tells whom an irqfd has met.
 *
 * The host wants: host/run --emulator '-device intel-iommu -device edu'.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define VECTOR		0x51
#define GSI		50
#define SOON_MS		20000

#define EDU		"1234:11e8"
#define EDU_RAISE	0x60
#define EDU_ACK		0x64
#define PCI_COMMAND	4
#define PCI_MASTER	4

/* What vfio gave for the device. */
struct device {
	int container, group, fd;
	uint64_t bar0, config;
	char pci[32];
};

FIXTURE(bypass) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct device edu;
};

/* ---- the device ---- */

static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "r");
	bool done = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (done)
		line[strcspn(line, "\n")] = 0;
	return done;
}

/* Where on PCI it is; false: nowhere. */
static bool edu_find(char *pci, size_t size)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	char path[128], vendor[16], device[16], id[40];
	struct dirent *entry;
	bool found = false;

	while (!found && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.30s/vendor", entry->d_name);
		if (!read_line(path, vendor, sizeof(vendor)))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.30s/device", entry->d_name);
		if (!read_line(path, device, sizeof(device)))
			continue;
		snprintf(id, sizeof(id), "%s:%s", vendor + 2, device + 2);
		found = !strcmp(id, EDU);
		snprintf(pci, size, "%.30s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Its IOMMU group, once vfio-pci has it; -1: it does not get it. */
static int edu_group(const char *pci)
{
	char path[128], target[128];
	ssize_t n;

	if (system("modprobe -q vfio-pci && modprobe -q vfio_iommu_type1"))
		return -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", pci);
	if (!write_file(path, "vfio-pci") || !write_file("/sys/bus/pci/drivers_probe", pci))
		return -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", pci);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = 0;
	return atoi(strrchr(target, '/') + 1);
}

static uint64_t region(const struct device *edu, unsigned int index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(edu->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		die("VFIO_DEVICE_GET_REGION_INFO: %s", strerror(errno));
	return info.offset;
}

static bool edu_open(struct device *edu)
{
	uint16_t command = PCI_MASTER | 2;
	char path[64];
	int group;

	if (!edu_find(edu->pci, sizeof(edu->pci)))
		return false;
	group = edu_group(edu->pci);
	if (group < 0)
		return false;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	edu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	edu->group = open(path, O_RDWR | O_CLOEXEC);
	if (edu->container < 0 || edu->group < 0)
		die("/dev/vfio: %s", strerror(errno));
	if (ioctl(edu->group, VFIO_GROUP_SET_CONTAINER, &edu->container) ||
	    ioctl(edu->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU))
		die("no IOMMU for %s: %s", edu->pci, strerror(errno));
	edu->fd = ioctl(edu->group, VFIO_GROUP_GET_DEVICE_FD, edu->pci);
	if (edu->fd < 0)
		die("VFIO_GROUP_GET_DEVICE_FD: %s", strerror(errno));
	edu->bar0 = region(edu, VFIO_PCI_BAR0_REGION_INDEX);
	edu->config = region(edu, VFIO_PCI_CONFIG_REGION_INDEX);
	if (pwrite(edu->fd, &command, 2, (off_t)edu->config + PCI_COMMAND) != 2)
		die("PCI command: %s", strerror(errno));
	return true;
}

static void edu_write(const struct device *edu, uint32_t reg, uint32_t value)
{
	if (pwrite(edu->fd, &value, 4, (off_t)(edu->bar0 + reg)) != 4)
		die("edu: %s", strerror(errno));
}

/* The device interrupts: by its message, if it has one to send. */
static void edu_raise(const struct device *edu)
{
	edu_write(edu, EDU_RAISE, 1);
	edu_write(edu, EDU_ACK, 1);
}

/* The host's number of the message that vfio has asked for. */
static int edu_host_irq(const struct device *edu)
{
	char line[512], name[64];
	int irq, found = 0;
	FILE *file;

	snprintf(name, sizeof(name), "vfio-msi[0](%s)", edu->pci);
	file = fopen("/proc/interrupts", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (strstr(line, name) && sscanf(line, "%d:", &irq) == 1)
			found = irq;
	}
	if (file)
		fclose(file);
	return found;
}

/* The message signals @fd, -1: there is none. The producer comes and goes with it. 0 or errno */
static int edu_signals(struct device *edu, int fd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} a = {
		.set = {
			.argsz = sizeof(a.set) + (fd < 0 ? 0 : sizeof(a.fd)),
			.flags = VFIO_IRQ_SET_ACTION_TRIGGER |
				 (fd < 0 ? VFIO_IRQ_SET_DATA_NONE : VFIO_IRQ_SET_DATA_EVENTFD),
			.index = VFIO_PCI_MSI_IRQ_INDEX,
			.count = fd < 0 ? 0 : 1,
		},
		.fd = fd,
	};

	return ioctl(edu->fd, VFIO_DEVICE_SET_IRQS, &a) ? errno : 0;
}

static void edu_close(struct device *edu)
{
	close(edu->fd);
	close(edu->group);
	close(edu->container);
}

/* ---- what the VM knows ---- */

/* -1: no irqfd on GSI; 0: one without a producer; else the host's interrupt */
static int producer(struct vm *vm)
{
	char path[64], text[256];
	int found = -1, irq;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", vm->fd);
	file = fopen(path, "r");
	while (file && fgets(text, sizeof(text), file)) {
		if (!strncmp(text, "irqfd:\tgsi 50", 13))
			found = sscanf(text, "irqfd:\tgsi 50 host-irq %d", &irq) == 1 ? irq : 0;
	}
	if (file)
		fclose(file);
	return found;
}

static bool comes(struct vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < SOON_MS && !lapic_pending(vcpu, VECTOR); i++)
		usleep(1000);
	if (i == SOON_MS)
		return false;
	lapic_forget(vcpu);
	return true;
}

static struct vm *vm_routed(struct vcpu **vcpu)
{
	struct route_table table = { .head.nr = 0 };
	struct vm *vm = vm_with_irqchip();

	*vcpu = vcpu_new(vm, 0);
	lapic_enable(*vcpu);
	route_msi(&table, GSI, 0, VECTOR);
	if (route_set(vm, &table))
		die("KVM_SET_GSI_ROUTING: %s", strerror(errno));
	return vm;
}

FIXTURE_SETUP(bypass)
{
	if (kvm_is_in_tree())
		SKIP(return, "in-tree does not tell of producers");
	if (!edu_open(&self->edu))
		SKIP(return, "this host has no device to give away");
	self->vm = vm_routed(&self->vcpu);
}

FIXTURE_TEARDOWN(bypass)
{
	if (!self->vm)
		return;
	edu_close(&self->edu);
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

/* ---- meetings ---- */

TEST_F(bypass, producer_comes_second)
{
	int fd = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	EXPECT_EQ(0, producer(self->vm));
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	EXPECT_LT(0, producer(self->vm));
	EXPECT_EQ(edu_host_irq(&self->edu), producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_TRUE(comes(self->vcpu));
	/* It goes, and signals are userspace's alone. */
	ASSERT_EQ(0, edu_signals(&self->edu, -1));
	EXPECT_EQ(0, producer(self->vm));
	eventfd_post(fd);
	EXPECT_TRUE(comes(self->vcpu));
}

TEST_F(bypass, producer_comes_first)
{
	int fd = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	edu_raise(&self->edu);
	EXPECT_TRUE(eventfd_wait(fd, SOON_MS));
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	EXPECT_EQ(edu_host_irq(&self->edu), producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_TRUE(comes(self->vcpu));
}

/* An irqfd that goes leaves the producer alone, and the next one meets it again. */
TEST_F(bypass, deassigned_while_connected)
{
	int fd = new_eventfd(), i;

	if (!self->vm)
		return;
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
		EXPECT_LT(0, producer(self->vm));
		/* Refused: there is one, whose bond is not touched. */
		EXPECT_EQ(EBUSY, irqfd(self->vm, fd, GSI + 1, 0, 0));
		EXPECT_LT(0, producer(self->vm));
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN, 0));
		EXPECT_EQ(-1, producer(self->vm));
		edu_raise(&self->edu);
		EXPECT_TRUE(eventfd_wait(fd, SOON_MS));
		EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
	}
}

TEST_F(bypass, moves_to_another_eventfd)
{
	int fd[2] = { new_eventfd(), new_eventfd() };

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd[0], GSI, 0, 0));
	ASSERT_EQ(0, edu_signals(&self->edu, fd[0]));
	EXPECT_LT(0, producer(self->vm));
	ASSERT_EQ(0, edu_signals(&self->edu, fd[1]));
	EXPECT_EQ(0, producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_TRUE(eventfd_wait(fd[1], SOON_MS));
	EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
}

/* ---- one of them dies ---- */

TEST_F(bypass, eventfd_is_closed)
{
	int fd = new_eventfd(), i;

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	EXPECT_LT(0, producer(self->vm));
	/* Cleanup is left to a worker. The device has the context still. */
	close(fd);
	for (i = 0; i < SOON_MS && producer(self->vm) >= 0; i++)
		usleep(1000);
	EXPECT_EQ(-1, producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
}

TEST_F(bypass, device_is_closed)
{
	int fd = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	edu_close(&self->edu);
	EXPECT_EQ(0, producer(self->vm));
	ASSERT_TRUE(edu_open(&self->edu));
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	EXPECT_LT(0, producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_TRUE(comes(self->vcpu));
}

TEST_F(bypass, vm_goes_first)
{
	int fd = new_eventfd(), i;
	struct vcpu *vcpu;
	struct vm *vm;

	if (!self->vm)
		return;
	ASSERT_EQ(0, edu_signals(&self->edu, fd));
	for (i = 0; i < 3; i++) {
		vm = vm_routed(&vcpu);
		ASSERT_EQ(0, irqfd(vm, fd, GSI, 0, 0));
		EXPECT_LT(0, producer(vm));
		vcpu_free(vcpu);
		vm_free(vm);
	}
	edu_raise(&self->edu);
	EXPECT_TRUE(eventfd_wait(fd, SOON_MS));
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	EXPECT_LT(0, producer(self->vm));
}

/* ---- all at once ---- */

struct racer {
	struct vm *vm;
	struct device *edu;
	int fd;
	unsigned long rounds;
	volatile bool *stop;
};

static void *race_consumer(void *arg)
{
	struct racer *racer = arg;

	for (; !*racer->stop; racer->rounds++) {
		if (irqfd(racer->vm, racer->fd, GSI, 0, 0) ||
		    irqfd(racer->vm, racer->fd, GSI, KVM_IRQFD_FLAG_DEASSIGN, 0))
			die("KVM_IRQFD: %s", strerror(errno));
	}
	return NULL;
}

static void *race_device(void *arg)
{
	struct racer *racer = arg;

	for (; !*racer->stop; racer->rounds++)
		edu_raise(racer->edu);
	return NULL;
}

TEST_F(bypass, races)
{
	volatile bool stop = false;
	struct racer consumer = { .vm = self->vm, .fd = new_eventfd(), .stop = &stop };
	struct racer device = { .edu = &self->edu, .stop = &stop };
	pthread_t thread[2];
	unsigned int i;

	if (!self->vm)
		return;
	ASSERT_EQ(0, pthread_create(&thread[0], NULL, race_consumer, &consumer));
	ASSERT_EQ(0, pthread_create(&thread[1], NULL, race_device, &device));
	for (i = 0; i < 50; i++) {
		EXPECT_EQ(0, edu_signals(&self->edu, consumer.fd));
		usleep(1000);
		EXPECT_EQ(0, edu_signals(&self->edu, -1));
	}
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	TH_LOG("%lu irqfds, %lu interrupts", consumer.rounds, device.rounds);
	ASSERT_EQ(0, irqfd(self->vm, consumer.fd, GSI, 0, 0));
	ASSERT_EQ(0, edu_signals(&self->edu, consumer.fd));
	EXPECT_LT(0, producer(self->vm));
	edu_raise(&self->edu);
	EXPECT_TRUE(comes(self->vcpu));
}

TEST_HARNESS_MAIN
